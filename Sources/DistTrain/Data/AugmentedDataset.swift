import Autograd

/// Samples of another data set that are changed at random, anew in every epoch, while a model learns from them.
///
/// What a sample becomes follows from the loader's seed, the epoch and the sample's number: it depends neither on the
/// number of ranks nor on whether the run was interrupted.
///
///     let noisy = data.augmented { sample in [sample[0] + Tensor.randn(sample[0].shape) * 0.1, sample[1]] }
public struct AugmentedDataset: Dataset {
  /// Gives a changed sample from one of the data set, both as tensors without the dimension of the batch. What it draws
  /// comes from the thread's default generator, which is the sample's own. It keeps shapes and types if the model is
  /// evaluated on the same data set, which is not changed then.
  public typealias Change = @Sendable (_ sample: [Tensor]) throws -> [Tensor]

  /// The data set whose samples are changed.
  public let dataset: any Dataset
  private let change: Change

  /// The samples of `dataset`, each changed by `change`.
  public init(_ dataset: any Dataset, change: @escaping Change) {
    self.dataset = dataset
    self.change = change
  }

  /// The number of samples.
  public var count: Int { dataset.count }

  /// The samples with the given numbers as they are, which is what a model is evaluated on.
  /// - Throws: What the data set throws.
  public func batch(_ indices: [Int]) throws -> Batch { try dataset.batch(indices) }

  /// The samples with the given numbers as they are changed in an epoch.
  /// - Throws: What the data set or the change throws.
  public func batch(_ indices: [Int], epochSeed: UInt64) throws -> Batch {
    // Only a changed sample tells what shapes those of a batch without samples have.
    if indices.isEmpty && count > 0 {
      return Batch(try batch([0], epochSeed: epochSeed).tensors.map { $0[0..<0] })
    }
    let batch = try dataset.batch(indices, epochSeed: SplitMix64.mixed(epochSeed))
    guard !indices.isEmpty else { return batch }
    let generator = RandomGenerator(seed: 0)
    let samples = try indices.enumerated().map { position, index in
      generator.seed(SplitMix64.mixed(epochSeed, UInt64(index)))
      return try withDefaultGenerator(generator) { try change(batch.tensors.map { $0[position] }) }
    }
    return Batch(
      samples[0].indices.map { column in Tensor.stacked(samples.map { $0[column] }) })
  }
}

extension Dataset {
  /// The same samples, changed at random while a model learns from them; see ``AugmentedDataset``.
  public func augmented(by change: @escaping AugmentedDataset.Change) -> AugmentedDataset {
    AugmentedDataset(self, change: change)
  }
}
