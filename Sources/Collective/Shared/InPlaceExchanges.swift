/// Reduce-scatter where the buffers lie: each rank adds up its part of all buffers into its own.
///
/// On several nodes it adds up its node's contributions to the parts of its whole lane elsewhere, and the lane scatters them.
struct InPlaceReduceScatter: NodeExchange {
  let call: CollectiveCall
  let location: UInt64
  let nodeCount: Int
  var stepCount: Int { 1 }
  var usesSlots: Bool { false }
  var hasReduction: Bool { true }

  func reduce(_ step: ExchangeStep, in window: NodeWindow) {
    guard nodeCount == 1 else { return }
    let part = laneParts(in: window)[0]
    combine(part, step, in: window, into: address(of: part, in: window, step))
  }

  func startBetweenNodes(
    _ step: ExchangeStep, in window: NodeWindow, _ network: NodeNetwork
  ) throws -> DirectExchange? {
    guard nodeCount > 1 else { return nil }
    var data = laneData(step, in: window, isGathered: false)
    if window.size == 1 {
      data.contributions = data.results.map { UnsafeRawPointer($0) }
    } else {
      let parts = laneParts(in: window)
      let sums = NodeSums(parts.map { $0.count * call.element.byteCount })
      for (part, sum) in zip(parts, sums.addresses) { combine(part, step, in: window, into: sum) }
      data.contributions = sums.addresses.map { UnsafeRawPointer($0) }
      data.owner = sums
    }
    return try network.startExchange(data, call)
  }

  private func combine(
    _ part: Range<Int>, _ step: ExchangeStep, in window: NodeWindow, into target: UnsafeMutableRawPointer
  ) {
    guard !part.isEmpty else { return }
    for rank in 0..<window.size {
      window.sources[rank] = UnsafeRawPointer(
        window.buffer(of: rank, step.sequence) + part.lowerBound * call.element.byteCount)
    }
    window.targets[0] = target
    window.combine(call, count: part.count, targetCount: 1)
  }
}

/// A node's sums for the parts of a lane.
private final class NodeSums {
  let addresses: [UnsafeMutableRawPointer]

  init(_ byteCounts: [Int]) { addresses = byteCounts.map { .allocate(byteCount: $0, alignment: 64) } }

  deinit { for address in addresses { address.deallocate() } }
}

/// All-gather where the buffers lie: each rank copies the parts of the others out of their buffers.
///
/// Its second phase tells a rank that nobody reads its part any more. On several nodes each lane gathers its parts, and
/// each rank then copies those of its lane into the others' buffers.
struct InPlaceAllGather: NodeExchange {
  let call: CollectiveCall
  let location: UInt64
  let nodeCount: Int
  var stepCount: Int { 1 }
  var usesSlots: Bool { false }
  var hasReduction: Bool { true }

  func reduce(_ step: ExchangeStep, in window: NodeWindow) {
    guard nodeCount == 1 else { return }
    let cut = ShardCut(count: call.count, size: window.size)
    for rank in 0..<window.size where rank != window.rank {
      copy(cut.range(of: rank), from: rank, to: window.rank, step, in: window)
    }
  }

  func startBetweenNodes(
    _ step: ExchangeStep, in window: NodeWindow, _ network: NodeNetwork
  ) throws -> DirectExchange? {
    guard nodeCount > 1 else { return nil }
    return try network.startExchange(laneData(step, in: window, isGathered: true), call)
  }

  func spread(_ step: ExchangeStep, in window: NodeWindow) {
    for part in laneParts(in: window) {
      for rank in 0..<window.size where rank != window.rank {
        copy(part, from: window.rank, to: rank, step, in: window)
      }
    }
  }

  private func copy(_ part: Range<Int>, from source: Int, to target: Int, _ step: ExchangeStep, in window: NodeWindow) {
    let offset = part.lowerBound * call.element.byteCount
    (window.buffer(of: target, step.sequence) + offset).copyMemory(
      from: window.buffer(of: source, step.sequence) + offset, byteCount: part.count * call.element.byteCount)
  }
}

/// A collective in which each of all ranks has a part of the buffers, on as many consecutive ranks on every node.
private protocol PartExchange: NodeExchange {
  var nodeCount: Int { get }
}

extension InPlaceReduceScatter: PartExchange {}
extension InPlaceAllGather: PartExchange {}

extension PartExchange {
  /// The parts of the ranks of this rank's lane, one a node.
  fileprivate func laneParts(in window: NodeWindow) -> [Range<Int>] {
    let cut = ShardCut(count: call.count, size: nodeCount * window.size)
    return (0..<nodeCount).map { cut.range(of: $0 * window.size + window.rank) }
  }

  /// Those parts as the lane exchanges them, without contributions.
  fileprivate func laneData(_ step: ExchangeStep, in window: NodeWindow, isGathered: Bool) -> DirectExchange.Data {
    let parts = laneParts(in: window)
    return DirectExchange.Data(
      counts: parts.map(\.count), results: parts.map { address(of: $0, in: window, step) }, isGathered: isGathered)
  }

  /// Where a part lies in this rank's buffer.
  fileprivate func address(of part: Range<Int>, in window: NodeWindow, _ step: ExchangeStep) -> UnsafeMutableRawPointer
  {
    window.buffer(of: window.rank, step.sequence) + part.lowerBound * call.element.byteCount
  }
}

extension UnsafeBufferPointer {
  /// Whether this is the range that a rank has of `all`.
  func isPart(of rank: Int, among size: Int, in all: UnsafeBufferPointer) -> Bool {
    guard let start = all.baseAddress else { return false }
    return baseAddress == start + ShardCut(count: all.count, size: size).range(of: rank).lowerBound
  }
}
