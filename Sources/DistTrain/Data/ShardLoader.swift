import Autograd

/// Gives a rank its part of every global batch, in an order that is a pure function of seed and epoch.
public struct ShardLoader {
  /// The samples that all ranks share.
  public let dataset: any Dataset
  /// Which of them this rank takes.
  public let shards: Shards
  /// How many batches a background thread makes ahead; 0 where batches are made when they are asked for.
  public let prefetch: Int
  /// How the samples of a global batch are mixed with each other, where they are.
  public var mixing: BatchMixing? { batches.mixing }
  private var batches: ShardBatches
  private var ahead: (batches: Prefetch<ShardBatches>, start: Int)?

  /// A loader of one rank's shards of all samples, or of those that a sampler names.
  ///
  /// - Parameters:
  ///   - dataset: The same samples on all ranks.
  ///   - shards: Which of them, or of the sampler's, this rank takes.
  ///   - sampler: Which samples an epoch visits, and in which order, the same on all ranks; each once where none is given.
  ///   - seed: With the epoch, it chooses the permutation, as PyTorch's `DistributedSampler` does, or what a sampler draws,
  ///     and what is random about the samples.
  ///   - prefetch: How many batches a background thread makes ahead.
  ///   - mixing: How the samples of a global batch are mixed with each other, where they are.
  public init(
    _ dataset: any Dataset, shards: Shards, sampler: (any Sampler)? = nil, seed: UInt64, prefetch: Int = 0,
    mixing: BatchMixing? = nil
  ) {
    let count = sampler?.count ?? dataset.count
    precondition(shards.sampleCount == count, "shards of \(shards.sampleCount) for \(count) samples")
    precondition(prefetch >= 0, "\(prefetch) batches to prefetch")
    self.dataset = dataset
    self.shards = shards
    self.prefetch = prefetch
    batches = ShardBatches(dataset: dataset, shards: shards, sampler: sampler, seed: seed, mixing: mixing)
  }

  /// A piece (from 0) of this rank's part of the global batch at `step` (from 0) of `epoch` (from 0); it may be empty.
  ///
  /// With prefetch, the batches after this one are being made from now on; any other batch begins that anew.
  /// - Throws: What the data set throws.
  public mutating func batch(epoch: Int, step: Int, piece: Int = 0) throws -> Batch {
    let position = position(epoch: epoch, step: step, piece: piece)
    guard prefetch > 0 else { return try batches.batch(at: position) }
    if let ahead, ahead.start + ahead.batches.takenCount == position, let batch = try ahead.batches.next() {
      return batch
    }
    ahead = nil  // ends its thread before the next one starts
    let batch = try batches.batch(at: position)
    ahead = (Prefetch(batches, ahead: prefetch), position + 1)
    return batch
  }

  /// The numbers of the samples of such a piece.
  package mutating func samples(epoch: Int, step: Int, piece: Int = 0) -> [Int] {
    batches.samples(at: position(epoch: epoch, step: step, piece: piece))
  }

  /// The pieces before this one since the first epoch.
  private func position(epoch: Int, step: Int, piece: Int) -> Int {
    precondition(
      epoch >= 0 && (0..<shards.stepsPerEpoch).contains(step) && (0..<shards.pieceCount).contains(piece),
      "piece \(piece) of \(shards.pieceCount), step \(step) of \(shards.stepsPerEpoch) in epoch \(epoch)")
    return (epoch * shards.stepsPerEpoch + step) * shards.pieceCount + piece
  }
}

/// The batches of a rank, epoch after epoch without end.
private struct ShardBatches: BatchProducer {
  let dataset: any Dataset
  let shards: Shards
  let sampler: (any Sampler)?
  let seed: UInt64
  let mixing: BatchMixing?
  private var position = 0
  private var order: (epoch: Int, samples: [Int])?

  init(dataset: any Dataset, shards: Shards, sampler: (any Sampler)?, seed: UInt64, mixing: BatchMixing?) {
    self.dataset = dataset
    self.shards = shards
    self.sampler = sampler
    self.seed = seed
    self.mixing = mixing
  }

  mutating func next() throws -> Batch? { try batch(at: position) }

  /// The batch after `position` others, counted from the first epoch on; ``next()`` goes on from there.
  mutating func batch(at position: Int) throws -> Batch {
    self.position = position + 1
    let (epoch, step, piece) = place(of: position)
    let epochSeed = SplitMix64.mixed(seed, UInt64(epoch))
    guard let mixing else { return try dataset.ungraphedBatch(samples(at: position), epochSeed: epochSeed) }
    let start = step * shards.globalBatch
    return try mixing.batch(
      shards.positions(step: step, piece: piece).map { $0 - start },
      ofStep: order(of: epoch)[start..<start + shards.globalCount(step: step)], of: dataset, epochSeed: epochSeed,
      step: step)
  }

  /// The numbers of that batch's samples.
  mutating func samples(at position: Int) -> [Int] {
    let (epoch, step, piece) = place(of: position)
    return shards.samples(step: step, piece: piece, order: order(of: epoch))
  }

  private func place(of position: Int) -> (epoch: Int, step: Int, piece: Int) {
    let (stepNumber, piece) = position.quotientAndRemainder(dividingBy: shards.pieceCount)
    let (epoch, step) = stepNumber.quotientAndRemainder(dividingBy: shards.stepsPerEpoch)
    return (epoch, step, piece)
  }

  /// The samples of an epoch, of which the last is kept.
  private mutating func order(of epoch: Int) -> [Int] {
    if let order, order.epoch == epoch { return order.samples }
    let samples = epochOrder(epoch)
    order = (epoch, samples)
    return samples
  }

  private func epochOrder(_ epoch: Int) -> [Int] {
    guard let sampler else { return SampleOrder.epochOrder(count: dataset.count, seed: seed, epoch: epoch) }
    let samples = sampler.samples(seed: seed, epoch: epoch)
    precondition(
      samples.count == sampler.count, "a sampler of \(sampler.count) samples gave \(samples.count) in epoch \(epoch)")
    if let stranger = samples.first(where: { !(0..<dataset.count).contains($0) }) {
      preconditionFailure("a sampler gave the sample \(stranger) of \(dataset.count) in epoch \(epoch)")
    }
    return samples
  }
}
