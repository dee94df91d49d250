/// Reduce-scatter where the buffers lie: each rank adds up its part of all buffers into its own.
struct InPlaceReduceScatter: NodeExchange {
  let call: CollectiveCall
  let location: UInt64
  var stepCount: Int { 1 }
  var usesSlots: Bool { false }
  var hasReduction: Bool { true }

  func reduce(_ step: ExchangeStep, in window: NodeWindow) {
    let part = ShardCut(count: call.count, size: window.size).range(of: window.rank)
    guard !part.isEmpty else { return }
    for rank in 0..<window.size {
      let address = window.buffer(of: rank, step.sequence) + part.lowerBound * call.element.byteCount
      window.sources[rank] = UnsafeRawPointer(address)
      if rank == window.rank { window.targets[0] = address }
    }
    window.combine(call, count: part.count, targetCount: 1)
  }
}

/// All-gather where the buffers lie: each rank copies the parts of the others out of their buffers.
///
/// Its second phase tells a rank that nobody reads its part any more.
struct InPlaceAllGather: NodeExchange {
  let call: CollectiveCall
  let location: UInt64
  var stepCount: Int { 1 }
  var usesSlots: Bool { false }
  var hasReduction: Bool { true }

  func reduce(_ step: ExchangeStep, in window: NodeWindow) {
    let cut = ShardCut(count: call.count, size: window.size)
    let own = window.buffer(of: window.rank, step.sequence)
    for rank in 0..<window.size where rank != window.rank {
      let part = cut.range(of: rank)
      let offset = part.lowerBound * call.element.byteCount
      (own + offset).copyMemory(
        from: window.buffer(of: rank, step.sequence) + offset, byteCount: part.count * call.element.byteCount)
    }
  }
}

extension UnsafeBufferPointer {
  /// Whether this is the range that a rank has of `all`.
  func isPart(of rank: Int, among size: Int, in all: UnsafeBufferPointer) -> Bool {
    guard let start = all.baseAddress else { return false }
    return baseAddress == start + ShardCut(count: all.count, size: size).range(of: rank).lowerBound
  }
}
