import Collective

extension ShardLoader {
  /// A loader of this rank's part of every global batch.
  ///
  /// - Parameters:
  ///   - dataset: The same samples on all ranks.
  ///   - sampler: Which samples an epoch visits, and in which order, the same on all ranks; each once where none is given.
  ///   - globalBatch: Samples that all ranks together take in one step.
  ///   - communicator: Tells which rank this is, of how many.
  ///   - seed: With the epoch, it chooses the order of the samples.
  ///   - dropLast: Whether a last global batch that is not full is left out.
  ///   - cut: The pieces in which a rank takes its samples of a step.
  ///   - prefetch: How many batches a background thread makes ahead.
  ///   - mixing: How the samples of a global batch are mixed with each other, where they are.
  public init(
    _ dataset: any Dataset, sampler: (any Sampler)? = nil, globalBatch: Int, communicator: any Communicator,
    seed: UInt64, dropLast: Bool = false, cut: BatchCut = .ranks(pieces: 1), prefetch: Int = 0,
    mixing: BatchMixing? = nil
  ) {
    let shards = Shards(
      sampleCount: sampler?.count ?? dataset.count, globalBatch: globalBatch, rank: communicator.rank,
      worldSize: communicator.size, dropLast: dropLast, cut: cut)
    self.init(dataset, shards: shards, sampler: sampler, seed: seed, prefetch: prefetch, mixing: mixing)
  }
}
