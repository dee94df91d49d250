/// Broadcast: the root fills its slot, the others copy it.
struct BroadcastExchange: NodeExchange {
  let call: CollectiveCall
  let buffer: UnsafeMutableRawPointer
  let stepCount: Int
  private let chunkCount: Int

  init(_ call: CollectiveCall, _ buffer: UnsafeMutableRawPointer, slotByteCount: Int) {
    self.call = call
    self.buffer = buffer
    chunkCount = slotByteCount / call.element.byteCount
    stepCount = (call.count - 1) / chunkCount + 1
  }

  func stage(_ step: ExchangeStep, in window: NodeWindow) {
    guard window.rank == call.root else { return }
    let (address, byteCount) = chunk(step)
    window.slot(of: call.root, step.slot).copyMemory(from: address, byteCount: byteCount)
  }

  func collect(_ step: ExchangeStep, in window: NodeWindow) {
    guard window.rank != call.root else { return }
    let (address, byteCount) = chunk(step)
    address.copyMemory(from: window.slot(of: call.root, step.slot), byteCount: byteCount)
  }

  private func chunk(_ step: ExchangeStep) -> (address: UnsafeMutableRawPointer, byteCount: Int) {
    let start = step.index * chunkCount
    let byteCount = call.element.byteCount
    return (buffer + start * byteCount, min(chunkCount, call.count - start) * byteCount)
  }
}

/// All-gather: every rank puts a chunk of its part into its slot, and copies the others' to their places.
struct AllGatherExchange: NodeExchange {
  let call: CollectiveCall
  let all: UnsafeMutableRawPointer
  let part: UnsafeRawPointer?
  let stepCount: Int
  private let cut: ShardCut
  private let chunkCount: Int

  init(
    _ call: CollectiveCall, _ part: UnsafeRawPointer?, _ all: UnsafeMutableRawPointer, size: Int, slotByteCount: Int
  ) {
    self.call = call
    self.part = part
    self.all = all
    cut = ShardCut(count: call.count, size: size)
    chunkCount = slotByteCount / call.element.byteCount
    stepCount = (cut.range(of: 0).count - 1) / chunkCount + 1
  }

  func stage(_ step: ExchangeStep, in window: NodeWindow) {
    let own = cut.range(of: window.rank)
    let chunk = own.chunk(step.index, length: chunkCount)
    guard let part, !chunk.isEmpty else { return }
    let byteCount = call.element.byteCount
    let source = part + (chunk.lowerBound - own.lowerBound) * byteCount
    window.slot(of: window.rank, step.slot).copyMemory(from: source, byteCount: chunk.count * byteCount)
    let place = all + chunk.lowerBound * byteCount
    if UnsafeRawPointer(place) != source { place.copyMemory(from: source, byteCount: chunk.count * byteCount) }
  }

  func collect(_ step: ExchangeStep, in window: NodeWindow) {
    let byteCount = call.element.byteCount
    for rank in 0..<window.size where rank != window.rank {
      let chunk = cut.range(of: rank).chunk(step.index, length: chunkCount)
      (all + chunk.lowerBound * byteCount).copyMemory(
        from: window.slot(of: rank, step.slot), byteCount: chunk.count * byteCount)
    }
  }
}

/// Reduce-scatter: every rank puts a chunk of each other rank's part into its slot; each adds up its own.
struct ReduceScatterExchange: NodeExchange {
  let call: CollectiveCall
  let all: UnsafeRawPointer
  let part: UnsafeMutableRawPointer?
  let stepCount: Int
  private let cut: ShardCut
  /// The elements of one rank's part that a step takes.
  private let chunkCount: Int

  init(
    _ call: CollectiveCall, _ all: UnsafeRawPointer, _ part: UnsafeMutableRawPointer?, size: Int, slotByteCount: Int
  ) {
    self.call = call
    self.all = all
    self.part = part
    cut = ShardCut(count: call.count, size: size)
    chunkCount = slotByteCount / size / call.element.byteCount
    stepCount = (cut.range(of: 0).count - 1) / chunkCount + 1
  }

  func stage(_ step: ExchangeStep, in window: NodeWindow) {
    let byteCount = call.element.byteCount
    let slot = window.slot(of: window.rank, step.slot)
    for rank in 0..<window.size where rank != window.rank {
      let chunk = cut.range(of: rank).chunk(step.index, length: chunkCount)
      (slot + rank * chunkCount * byteCount).copyMemory(
        from: all + chunk.lowerBound * byteCount, byteCount: chunk.count * byteCount)
    }
  }

  func collect(_ step: ExchangeStep, in window: NodeWindow) {
    let byteCount = call.element.byteCount
    let own = cut.range(of: window.rank)
    let chunk = own.chunk(step.index, length: chunkCount)
    guard let part, !chunk.isEmpty else { return }
    for rank in 0..<window.size {
      window.sources[rank] =
        rank == window.rank
        ? all + chunk.lowerBound * byteCount
        : .init(window.slot(of: rank, step.slot) + window.rank * chunkCount * byteCount)
    }
    window.targets[0] = part + (chunk.lowerBound - own.lowerBound) * byteCount
    window.combine(call, count: chunk.count, targetCount: 1)
  }
}

extension Range<Int> {
  /// The elements of the `index`-th piece of a length; the last pieces are shorter, or empty.
  fileprivate func chunk(_ index: Int, length: Int) -> Range<Int> {
    let start = Swift.min(lowerBound + index * length, upperBound)
    return start..<Swift.min(start + length, upperBound)
  }
}
