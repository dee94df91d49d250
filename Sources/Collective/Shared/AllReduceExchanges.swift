/// All-reduce of few elements in one phase: every rank reads all, and computes the whole result.
struct WholeAllReduce: NodeExchange {
  let call: CollectiveCall
  let buffer: UnsafeMutableRawPointer
  var stepCount: Int { 1 }

  func stage(_ step: ExchangeStep, in window: NodeWindow) {
    window.slot(of: window.rank, step.slot).copyMemory(from: buffer, byteCount: call.count * call.element.byteCount)
  }

  func collect(_ step: ExchangeStep, in window: NodeWindow) {
    for rank in 0..<window.size { window.sources[rank] = UnsafeRawPointer(window.slot(of: rank, step.slot)) }
    window.targets[0] = buffer
    window.combine(call, count: call.count, targetCount: 1)
  }
}

/// All-reduce where the buffers lie: rank r adds up slice r of all buffers and writes the sums into all of them.
///
/// A reduce-scatter and an all-gather in one pass over memory, without a copy.
struct InPlaceAllReduce: NodeExchange {
  let call: CollectiveCall
  let location: UInt64
  var stepCount: Int { 1 }
  var usesSlots: Bool { false }
  var hasReduction: Bool { true }

  func reduce(_ step: ExchangeStep, in window: NodeWindow) {
    let cut = SliceCut(count: call.count, size: window.size, elementByteCount: call.element.byteCount)
    let slice = cut.range(of: window.rank)
    guard !slice.isEmpty else { return }
    for rank in 0..<window.size {
      let address = window.buffer(of: rank, step.sequence) + slice.lowerBound * call.element.byteCount
      window.sources[rank] = UnsafeRawPointer(address)
      window.targets[rank] = address
    }
    window.combine(call, count: slice.count, targetCount: window.size)
  }
}

/// All-reduce of buffers that lie elsewhere, chunk by chunk through the slots.
///
/// A rank puts all slices of a chunk but its own into its slot, adds up its own slice from all slots into its buffer and
/// its slot, and takes the other slices' sums from the other slots.
struct SlicedAllReduce: NodeExchange {
  let call: CollectiveCall
  let buffer: UnsafeMutableRawPointer
  let chunkCount: Int
  let stepCount: Int
  var hasReduction: Bool { true }

  init(_ call: CollectiveCall, _ buffer: UnsafeMutableRawPointer, slotByteCount: Int) {
    self.call = call
    self.buffer = buffer
    chunkCount = slotByteCount / call.element.byteCount
    stepCount = (call.count - 1) / chunkCount + 1
  }

  func stage(_ step: ExchangeStep, in window: NodeWindow) {
    let slot = window.slot(of: window.rank, step.slot)
    forEachSlice(of: step, in: window) { rank, address, offset, byteCount in
      if rank != window.rank { (slot + offset).copyMemory(from: address, byteCount: byteCount) }
    }
  }

  func reduce(_ step: ExchangeStep, in window: NodeWindow) {
    forEachSlice(of: step, in: window) { rank, address, offset, byteCount in
      guard rank == window.rank else { return }
      for source in 0..<window.size {
        window.sources[source] =
          source == rank ? UnsafeRawPointer(address) : .init(window.slot(of: source, step.slot) + offset)
      }
      window.targets[0] = address
      window.targets[1] = window.slot(of: rank, step.slot) + offset
      window.combine(call, count: byteCount / call.element.byteCount, targetCount: 2)
    }
  }

  func collect(_ step: ExchangeStep, in window: NodeWindow) {
    forEachSlice(of: step, in: window) { rank, address, offset, byteCount in
      if rank != window.rank {
        address.copyMemory(from: window.slot(of: rank, step.slot) + offset, byteCount: byteCount)
      }
    }
  }

  /// Calls `body` with the rank of each slice that is not empty, its address in the buffer and its place in a slot.
  private func forEachSlice(
    of step: ExchangeStep, in window: NodeWindow,
    _ body: (_ rank: Int, _ address: UnsafeMutableRawPointer, _ offset: Int, _ byteCount: Int) -> Void
  ) {
    let byteCount = call.element.byteCount
    let start = step.index * chunkCount
    let cut = SliceCut(
      count: min(chunkCount, call.count - start), size: window.size, elementByteCount: byteCount)
    for rank in 0..<window.size {
      let slice = cut.range(of: rank)
      guard !slice.isEmpty else { return }
      let offset = slice.lowerBound * byteCount
      body(rank, buffer + start * byteCount + offset, offset, slice.count * byteCount)
    }
  }
}
