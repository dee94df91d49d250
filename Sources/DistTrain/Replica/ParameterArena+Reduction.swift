import Autograd
import Collective

extension ParameterArena {
  /// What sums the gradients of all ranks, wherever they are. Collective.
  ///
  /// Gradients on GPUs are summed by NCCL where every rank has a GPU of its own and the library; else, and where logical
  /// shards or compression ask for more than NCCL's sums, in the processor's memory.
  ///
  /// - Parameters:
  ///   - shards: The logical shards that every rank computes in a step; nil where sums may depend on the number of ranks.
  ///   - scattersSums: Whether a rank needs its part of the sums only.
  ///   - compression: How gradients are made smaller between nodes, which takes an arena of float32.
  func makeReduction(
    _ communicator: any Communicator, plan: BucketPlan, shards: Int?, scattersSums: Bool,
    compression: GradientCompression?
  ) throws -> any GradientReduction {
    precondition(compression == nil || dtype == .float32, "gradients of \(dtype) cannot be compressed")
    precondition(compression == nil || shards == nil, "gradients of logical shards cannot be compressed")
    func reduction(in memory: UnsafeMutableRawBufferPointer) throws -> any GradientReduction {
      try makeReduction(
        communicator, in: memory, plan: plan, shards: shards, scattersSums: scattersSums && shards == nil,
        compression: compression)
    }
    guard device != .cpu else { return try reduction(in: gradientBytes) }
    if shards == nil && communicator.size == 1 { return UnsharedGradients() }
    let reason: String
    if shards != nil {
      reason = "reproducible sums have an order of their own"
    } else if compression != nil {
      reason = "they are sent compressed"
    } else {
      switch try communicator.connectGPUs(device) {
      case .made(let group, let version):
        return NCCLReduction(group, version: version, rankCount: communicator.size, gradientsAndTail, plan)
      case .impossible(let cause): reason = cause
      }
    }
    let buffer = try communicator.makeBuffer(byteCount: gradientsAndTail.count * dtype.byteCount)
    let mirror = HostMirror(of: gradientsAndTail, in: buffer.bytes, owner: buffer)
    return MirroredReduction(try reduction(in: buffer.bytes), mirror, of: self, because: reason)
  }

  private func makeReduction(
    _ communicator: any Communicator, in memory: UnsafeMutableRawBufferPointer, plan: BucketPlan, shards: Int?,
    scattersSums: Bool, compression: GradientCompression?
  ) throws -> any GradientReduction {
    switch (dtype, compression) {
    case (.float64, _):
      return GradientReducer(
        communicator: communicator, arena: memory.bindMemory(to: Double.self), plan: plan, shards: shards,
        scattersSums: scattersSums)
    case (_, nil):
      return GradientReducer(
        communicator: communicator, arena: memory.bindMemory(to: Float.self), plan: plan, shards: shards,
        scattersSums: scattersSums)
    case (_, .half(let format)):
      return GradientReducer(
        communicator: try communicator.compressing(format), arena: memory.bindMemory(to: Float.self), plan: plan)
    case (_, .powerSGD(let rank)):
      return GradientReducer(
        communicator: communicator, arena: memory.bindMemory(to: Float.self), plan: plan,
        shapes: parameters.map(\.parameter.shape), powerSGDRank: rank)
    }
  }

  /// The memory of all gradients and the tail, on the CPU.
  private var gradientBytes: UnsafeMutableRawBufferPointer {
    dtype == .float64
      ? UnsafeMutableRawBufferPointer(gradientBuffer(of: Double.self))
      : UnsafeMutableRawBufferPointer(gradientBuffer(of: Float.self))
  }
}

/// The GPUs of all ranks as one group of NCCL's, or why they are none.
private enum GPUConnection {
  case made(NCCLGroup, version: Int)
  case impossible(because: String)
}

extension Communicator {
  /// Connects the GPUs of all ranks, if each has one of its own and the library. Collective.
  ///
  /// - Throws: A `CUDAError` on the ranks where the library is there but cannot be used, a `PeerFailure` on the others.
  fileprivate func connectGPUs(_ device: Device) throws -> GPUConnection {
    let own = try agree(on: "looking at the GPU") { try device.identity() }
    var identities = [UInt8](repeating: 0, count: own.count * size)
    try own.withUnsafeBufferPointer { own in
      try identities.withUnsafeMutableBufferPointer { try allGather(own, into: $0) }
    }
    let gpus = Set((0..<size).map { Array(identities[$0 * own.count..<($0 + 1) * own.count]) })
    guard gpus.count == size else { return .impossible(because: "ranks share a GPU") }
    let found = try agree(on: "looking for NCCL") { try NCCLGroup.version() }
    let areAllFound = try allReduced(Int64(found == nil ? 0 : 1), .minimum) == 1
    guard let version = found, areAllFound else { return .impossible(because: "a rank has no NCCL") }
    var id = try agree(on: "starting NCCL") { try rank == 0 ? NCCLGroup.makeID() : [] }
    if rank != 0 { id = [UInt8](repeating: 0, count: NCCLGroup.idByteCount) }
    try broadcast(&id, from: 0)
    let group = try agree(on: "connecting the GPUs by NCCL") {
      try NCCLGroup(id: id, rank: rank, size: size, device: device)
    }
    return .made(group, version: version)
  }
}
