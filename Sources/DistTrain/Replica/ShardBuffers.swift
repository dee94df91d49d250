import Autograd
import Collective

/// The model's buffers, such as running statistics, in steps of logical shards.
///
/// Every shard begins with the buffers with which the step began, whichever rank computes it and after what; those that
/// shard 0 leaves are the buffers after the step, on all ranks.
struct ShardBuffers {
  private let buffers: [Buffer]
  private let atStart: [Tensor]
  private let afterFirst: [Tensor]

  init(of model: Module) {
    buffers = model.namedBuffers().map(\.buffer)
    atStart = buffers.map { $0.cloned() }
    afterFirst = buffers.map { $0.cloned() }
  }

  /// Begins a shard; the rank's first in a step begins the step.
  func beginShard(isFirstOfRank: Bool) throws {
    if isFirstOfRank { try copy(buffers, to: atStart) } else { try copy(atStart, to: buffers) }
  }

  /// Ends the forward pass of a shard.
  func endShard(_ shard: Int) throws {
    if shard == 0 { try copy(buffers, to: afterFirst) }
  }

  /// Gives all ranks the buffers of shard 0, which rank 0 has computed. Collective.
  func endStep(_ communicator: any Communicator) throws {
    if communicator.rank == 0 { try copy(afterFirst, to: buffers) }
    for buffer in buffers { try communicator.broadcast(buffer, from: 0) }
  }

  private func copy(_ sources: [Tensor], to targets: [Tensor]) throws {
    for (source, target) in zip(sources, targets) { try target.copyElements(from: source) }
  }
}
