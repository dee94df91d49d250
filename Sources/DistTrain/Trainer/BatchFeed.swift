import Autograd

/// The batches of one rank on its replica's device, where each can be brought while the one before is computed on.
///
/// A GPU has a copy of the whole data set where that fits, and is brought the numbers of a batch's samples alone, but where
/// they are mixed.
package struct BatchFeed {
  /// Where the batches come from.
  package private(set) var loader: ShardLoader
  private let replica: Replica
  private let samples: ResidentSamples?
  private var prepared: (epoch: Int, step: Int, batch: Batch)?

  package init(_ loader: ShardLoader, for replica: Replica) {
    self.loader = loader
    self.replica = replica
    let device = replica.arena.device
    samples = device == .cpu || loader.mixing != nil ? nil : ResidentSamples(loader.dataset, on: device)
  }

  /// A piece of this rank's part of the global batch at `step` of `epoch`, all from 0.
  ///
  /// - Throws: What the data set throws.
  package mutating func batch(epoch: Int, step: Int, piece: Int) throws -> Batch {
    if let prepared = prepared.take(), prepared.epoch == epoch && prepared.step == step && piece == 0 {
      return prepared.batch
    }
    return try load(epoch: epoch, step: step, piece: piece)
  }

  /// Begins to bring the first piece of a step to the GPU; does nothing on the CPU, or past the epoch's end.
  ///
  /// - Throws: What the data set throws.
  package mutating func prepare(epoch: Int, step: Int) throws {
    guard replica.arena.device != .cpu && step < loader.shards.stepsPerEpoch else { return }
    prepared = (epoch, step, try load(epoch: epoch, step: step, piece: 0))
  }

  private mutating func load(epoch: Int, step: Int, piece: Int) throws -> Batch {
    guard let samples else {
      return replica.staged(try profiled(.batch) { try loader.batch(epoch: epoch, step: step, piece: piece) })
    }
    let numbers = profiled(.batch) { loader.samples(epoch: epoch, step: step, piece: piece) }
    return replica.staged(Batch(Tensor(numbers.map { Int64($0) }, shape: [numbers.count]), of: samples))
  }
}
