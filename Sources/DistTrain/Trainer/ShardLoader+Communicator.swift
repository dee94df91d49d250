import Collective

extension ShardLoader {
  /// A loader of this rank's part of every global batch.
  ///
  /// - Parameters:
  ///   - dataset: The same samples on all ranks.
  ///   - globalBatch: Samples that all ranks together take in one step.
  ///   - communicator: Tells which rank this is, of how many.
  ///   - seed: With the epoch, it chooses the order of the samples.
  ///   - cut: The pieces in which a rank takes its samples of a step.
  public init(
    _ dataset: any Dataset, globalBatch: Int, communicator: any Communicator, seed: UInt64,
    cut: BatchCut = .ranks(pieces: 1)
  ) {
    let shards = Shards(
      sampleCount: dataset.count, globalBatch: globalBatch, rank: communicator.rank, worldSize: communicator.size,
      cut: cut)
    self.init(dataset, shards: shards, seed: seed)
  }
}
