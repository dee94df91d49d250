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

/// How an all-reduce is cut into slices, of which rank r of a node reduces the r-th.
struct AllReduceSlices {
  /// The ranks of a node that have a slice.
  let count: Int
  /// Whether the other nodes' slices are still to be added.
  let haveOtherNodes: Bool

  func range(of rank: Int, in elementCount: Int, _ element: ElementType) -> Range<Int> {
    guard rank < count else { return elementCount..<elementCount }
    return SliceCut(count: elementCount, size: count, elementByteCount: element.byteCount).range(of: rank)
  }
}

/// All-reduce where the buffers lie: rank r adds up slice r of all buffers and writes the sums into all of them.
///
/// A reduce-scatter and an all-gather in one pass over memory, without a copy. On several nodes rank r adds up slice r
/// into its own buffer, which is then combined between nodes and copied into the others.
struct InPlaceAllReduce: NodeExchange {
  let call: CollectiveCall
  let location: UInt64
  let slices: AllReduceSlices
  var stepCount: Int { 1 }
  var usesSlots: Bool { false }
  var hasReduction: Bool { true }

  func reduce(_ step: ExchangeStep, in window: NodeWindow) {
    let (offset, count) = slice(in: window)
    guard count > 0 && !(slices.haveOtherNodes && window.size == 1) else { return }
    for rank in 0..<window.size {
      let address = window.buffer(of: rank, step.sequence) + offset
      window.sources[rank] = UnsafeRawPointer(address)
      window.targets[rank] = address
    }
    if slices.haveOtherNodes { window.targets[0] = window.targets[window.rank] }
    window.combine(call, count: count, targetCount: slices.haveOtherNodes ? 1 : window.size)
  }

  func startBetweenNodes(
    _ step: ExchangeStep, in window: NodeWindow, _ network: NodeNetwork
  ) throws -> DirectExchange? {
    let (offset, count) = slice(in: window)
    guard slices.haveOtherNodes && count > 0 else { return nil }
    let start = window.buffer(of: window.rank, step.sequence) + offset
    return try network.startAllReduce(.init(start: start, count: count * call.element.byteCount), call)
  }

  func spread(_ step: ExchangeStep, in window: NodeWindow) {
    let (offset, count) = slice(in: window)
    let own = window.buffer(of: window.rank, step.sequence) + offset
    for rank in 0..<window.size where rank != window.rank {
      (window.buffer(of: rank, step.sequence) + offset).copyMemory(
        from: own, byteCount: count * call.element.byteCount)
    }
  }

  /// Where this rank's slice begins in a buffer, in bytes, and its elements.
  private func slice(in window: NodeWindow) -> (offset: Int, count: Int) {
    let range = slices.range(of: window.rank, in: call.count, call.element)
    return (range.lowerBound * call.element.byteCount, range.count)
  }
}

/// All-reduce of buffers that lie elsewhere, chunk by chunk through the slots.
///
/// A rank puts all slices of a chunk but its own into its slot, adds up its own slice from all slots into its buffer and
/// its slot, and takes the other slices' sums from the other slots. On several nodes the sum in the slot is combined
/// between nodes, and its own rank takes it from there, too.
struct SlicedAllReduce: NodeExchange {
  let call: CollectiveCall
  let buffer: UnsafeMutableRawPointer
  let slices: AllReduceSlices
  let chunkCount: Int
  let stepCount: Int
  var hasReduction: Bool { true }

  init(_ call: CollectiveCall, _ buffer: UnsafeMutableRawPointer, _ slices: AllReduceSlices, slotByteCount: Int) {
    self.call = call
    self.buffer = buffer
    self.slices = slices
    chunkCount = slotByteCount / call.element.byteCount
    stepCount = (call.count - 1) / chunkCount + 1
  }

  func stage(_ step: ExchangeStep, in window: NodeWindow) {
    let slot = window.slot(of: window.rank, step.slot)
    forEachSlice(of: step) { rank, address, offset, byteCount in
      if rank != window.rank { (slot + offset).copyMemory(from: address, byteCount: byteCount) }
    }
  }

  func reduce(_ step: ExchangeStep, in window: NodeWindow) {
    forEachSlice(of: step) { rank, address, offset, byteCount in
      guard rank == window.rank else { return }
      for source in 0..<window.size {
        window.sources[source] =
          source == rank ? UnsafeRawPointer(address) : .init(window.slot(of: source, step.slot) + offset)
      }
      window.targets[0] = window.slot(of: rank, step.slot) + offset
      window.targets[1] = address
      window.combine(call, count: byteCount / call.element.byteCount, targetCount: slices.haveOtherNodes ? 1 : 2)
    }
  }

  func startBetweenNodes(
    _ step: ExchangeStep, in window: NodeWindow, _ network: NodeNetwork
  ) throws -> DirectExchange? {
    guard slices.haveOtherNodes else { return nil }
    var slice: UnsafeMutableRawBufferPointer?
    forEachSlice(of: step) { rank, _, offset, byteCount in
      guard rank == window.rank else { return }
      slice = UnsafeMutableRawBufferPointer(start: window.slot(of: rank, step.slot) + offset, count: byteCount)
    }
    return try slice.map { try network.startAllReduce($0, call) }
  }

  func collect(_ step: ExchangeStep, in window: NodeWindow) {
    forEachSlice(of: step) { rank, address, offset, byteCount in
      if rank != window.rank || slices.haveOtherNodes {
        address.copyMemory(from: window.slot(of: rank, step.slot) + offset, byteCount: byteCount)
      }
    }
  }

  /// Calls `body` with the rank of each slice that is not empty, its address in the buffer and its place in a slot.
  private func forEachSlice(
    of step: ExchangeStep,
    _ body: (_ rank: Int, _ address: UnsafeMutableRawPointer, _ offset: Int, _ byteCount: Int) -> Void
  ) {
    let byteCount = call.element.byteCount
    let start = step.index * chunkCount
    for rank in 0..<slices.count {
      let slice = slices.range(of: rank, in: min(chunkCount, call.count - start), call.element)
      guard !slice.isEmpty else { return }
      let offset = slice.lowerBound * byteCount
      body(rank, buffer + start * byteCount + offset, offset, slice.count * byteCount)
    }
  }
}
