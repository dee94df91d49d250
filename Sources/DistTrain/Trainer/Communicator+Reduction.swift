import Autograd
import Collective

extension Communicator {
  /// What sums the gradients of an arena over all ranks, wherever they are. Collective.
  ///
  /// Gradients on GPUs are summed by NCCL where every rank has a GPU of its own and the library; else, and where logical
  /// shards are to be added in one order, in the processor's memory.
  func makeReduction(of arena: ParameterArena, plan: BucketPlan, shards: Int?) throws -> any GradientReduction {
    let gradients = arena.gradientsAndTail
    guard arena.device != .cpu else {
      return arena.dtype == .float64
        ? GradientReducer(
          communicator: self, arena: arena.gradientBuffer(of: Double.self), plan: plan, shards: shards)
        : GradientReducer(communicator: self, arena: arena.gradientBuffer(of: Float.self), plan: plan, shards: shards)
    }
    if shards == nil {
      if size == 1 { return UnsharedGradients() }
      if let group = try makeNCCLGroup(arena.device) { return NCCLReduction(group, gradients, plan) }
    }
    let buffer = try makeBuffer(byteCount: gradients.count * gradients.dtype.byteCount)
    guard let start = buffer.bytes.baseAddress else { preconditionFailure("gradients mirrored at no address") }
    let mirror = HostMirror(of: gradients, in: start, owner: buffer)
    let reducer: any GradientReduction =
      arena.dtype == .float64
      ? GradientReducer(
        communicator: self, arena: buffer.bytes.bindMemory(to: Double.self), plan: plan, shards: shards)
      : GradientReducer(
        communicator: self, arena: buffer.bytes.bindMemory(to: Float.self), plan: plan, shards: shards)
    return MirroredReduction(reducer, mirror, of: arena)
  }

  /// A group of all ranks' GPUs; nil where two ranks share one or a rank lacks the library. Collective.
  private func makeNCCLGroup(_ device: Device) throws -> NCCLGroup? {
    let own = try agree(on: "looking at the GPU") { try device.identity() }
    var identities = [UInt8](repeating: 0, count: own.count * size)
    try own.withUnsafeBufferPointer { own in
      try identities.withUnsafeMutableBufferPointer { try allGather(own, into: $0) }
    }
    let gpus = Set((0..<size).map { Array(identities[$0 * own.count..<($0 + 1) * own.count]) })
    var isThere: Int32 = 1
    do { try NCCLGroup.open() } catch { isThere = 0 }
    guard try allReduced(isThere, .minimum) == 1, gpus.count == size else { return nil }
    var id = try agree(on: "starting NCCL") { try rank == 0 ? NCCLGroup.makeID() : [] }
    if rank != 0 { id = [UInt8](repeating: 0, count: NCCLGroup.idByteCount) }
    try broadcast(&id, from: 0)
    return try agree(on: "connecting the GPUs by NCCL") {
      try NCCLGroup(id: id, rank: rank, size: size, device: device)
    }
  }
}

/// The gradients of one rank alone, which nobody adds to.
private final class UnsharedGradients: GradientReduction {
  func begin() {}
  func keepShard() {}
  func parameterReady(_ index: Int) {}
  func progress() {}
  func finish() -> Double { 0 }
}
