import Autograd

/// Gives a rank its part of every global batch, in an order that is a pure function of seed and epoch.
public struct ShardLoader {
  /// The samples that all ranks share.
  public let samples: any Samples
  /// Which of them this rank takes.
  public let shards: Shards
  private let seed: UInt64
  private var order: (epoch: Int, samples: [Int])?

  /// A loader of one rank's shards.
  ///
  /// - Parameter seed: With the epoch, it chooses the permutation, as PyTorch's `DistributedSampler` does.
  public init(_ samples: any Samples, shards: Shards, seed: UInt64) {
    precondition(shards.sampleCount == samples.count, "shards of \(shards.sampleCount) for \(samples.count) samples")
    self.samples = samples
    self.shards = shards
    self.seed = seed
  }

  /// This rank's part of the global batch at `step` (from 0) of `epoch` (from 0); it may be empty.
  public mutating func batch(epoch: Int, step: Int) -> Batch {
    let order: [Int]
    if let known = self.order, known.epoch == epoch {
      order = known.samples
    } else {
      order = SampleOrder.epochOrder(count: samples.count, seed: seed, epoch: epoch)
      self.order = (epoch, order)
    }
    return samples.batch(shards.samples(step: step, order: order))
  }
}
