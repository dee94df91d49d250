import CSharedMemory
import Foundation

/// An all-reduce by messages between every two ranks of a group, as it is made between nodes.
///
/// The buffer is cut into one part a rank. Every rank sends each other rank that rank's part (reduce-scatter), adds up its
/// own, and sends the sum to all others (all-gather): each element leaves a rank 2(N − 1)/N times, the least possible, in
/// two messages one after the other whatever the number of ranks. Parts travel in segments, a few under way at once, so
/// that sums go out while contributions still come in, and a segment is short enough for a transport to send it without
/// asking first: over TCP such a question waits behind the data of all segments before it. A buffer of few bytes travels
/// whole, in one message, and every rank adds up all of it.
///
/// Elements are combined along the binary tree of the ranks, ((r0 ∘ r1) ∘ (r2 ∘ r3)) ∘ …, whatever the count and the cut: so a
/// sum of gradients has the same bits however they are cut into buckets.
final class DirectAllReduce: PendingOperation {
  /// What `MPI_Send` over TCP sends without asking is 64 KiB in Open MPI, its own header included.
  private static let segmentByteCount = 56 << 10
  private static let wholeByteLimit = 8 << 10

  private let group: any Communicator
  private let call: CollectiveCall
  private let buffer: UnsafeMutableRawPointer
  private let isWhole: Bool
  private let elementsPerSegment: Int
  private let parts: [Range<Int>]
  private let segmentCount: Int
  /// Other ranks' contributions to a few segments, for each rank in turn.
  private let contributions: UnsafeMutableRawPointer
  private var exchanges: [Exchange]
  /// The segments of the own part that are combined.
  private var combinedCount = 0
  private var sources: [UnsafeRawPointer?]

  /// Starts to combine the buffer with those of the group's other ranks. All ranks start their all-reduces in the same
  /// order; `number` counts them.
  init(_ group: any Communicator, _ bytes: UnsafeMutableRawBufferPointer, _ call: CollectiveCall, number: Int) throws {
    guard let start = bytes.baseAddress else { preconditionFailure("\(bytes.count) bytes at no address") }
    self.group = group
    self.call = call
    buffer = start
    let count = bytes.count / call.element.byteCount
    isWhole = bytes.count <= Self.wholeByteLimit / (group.size - 1)
    elementsPerSegment = Self.segmentByteCount / call.element.byteCount
    let cut = SliceCut(count: count, size: group.size, elementByteCount: call.element.byteCount)
    let parts = (0..<group.size).map { [isWhole] in isWhole ? 0..<count : cut.range(of: $0) }
    self.parts = parts
    let segmentCounts = parts.map { [elementsPerSegment] in ($0.count + elementsPerSegment - 1) / elementsPerSegment }
    segmentCount = segmentCounts[group.rank]
    let slots = min(segmentCount, SegmentStream.depth)
    contributions = .allocate(byteCount: group.size * slots * Self.segmentByteCount, alignment: 64)
    sources = Array(repeating: nil, count: group.size)
    let tag = 2 * (number % (MessageTag.parts / 2))
    exchanges = (0..<group.size).filter { $0 != group.rank }.map { [isWhole, segmentCount] peer in
      Exchange(
        peer: peer, tag: tag, sent: segmentCounts[peer], received: segmentCount,
        sums: isWhole ? (0, 0) : (sent: segmentCount, received: segmentCounts[peer]))
    }
    try advance()
  }

  func test() throws -> Bool {
    try advance()
    return isComplete
  }

  func wait() throws {
    while try !test() { sched_yield() }
  }

  /// MPI may still write into the buffer. After a failure its operations wait for themselves.
  deinit {
    if !isComplete, case .failure = Result(catching: { try wait() }) { exchanges = [] }
    contributions.deallocate()
  }

  private var isComplete: Bool { combinedCount == segmentCount && exchanges.allSatisfy(\.isComplete) }

  /// Does all that can be done without waiting.
  private func advance() throws {
    for index in exchanges.indices {
      let (peer, tag) = (exchanges[index].peer, exchanges[index].tag)
      try exchanges[index].contributionsSent.advance { segment in
        try group.startSend(UnsafeBufferPointer(bytes(of: segment, of: peer)), to: peer, tag: tag)
      }
      try exchanges[index].contributionsReceived.advance(upTo: combinedCount + SegmentStream.depth) { segment in
        try group.startReceive(contribution(of: peer, to: segment), from: peer, tag: tag)
      }
      // A sum comes to where the contribution was sent from.
      try exchanges[index].sumsReceived.advance(upTo: exchanges[index].contributionsSent.completed) { segment in
        try group.startReceive(bytes(of: segment, of: peer), from: peer, tag: tag + 1)
      }
    }
    while combinedCount < segmentCount && mayCombineNext { combineNext() }
    for index in exchanges.indices {
      let (peer, tag) = (exchanges[index].peer, exchanges[index].tag)
      try exchanges[index].sumsSent.advance(upTo: combinedCount) { segment in
        try group.startSend(UnsafeBufferPointer(bytes(of: segment, of: group.rank)), to: peer, tag: tag + 1)
      }
    }
  }

  /// Whether all contributions are there; a buffer that is sent whole must also have left.
  private var mayCombineNext: Bool {
    exchanges.allSatisfy {
      $0.contributionsReceived.completed > combinedCount && (!isWhole || $0.contributionsSent.isComplete)
    }
  }

  private func combineNext() {
    let own = bytes(of: combinedCount, of: group.rank)
    for rank in 0..<group.size where rank != group.rank {
      sources[rank] = UnsafeRawPointer(contribution(of: rank, to: combinedCount).baseAddress)
    }
    sources[group.rank] = UnsafeRawPointer(own.baseAddress)
    let target = [UnsafeMutableRawPointer(own.baseAddress)]
    csm_combine(
      call.element.shared, call.operation.shared, own.count / call.element.byteCount, group.size, sources, 1, target)
    combinedCount += 1
  }

  /// A segment of a rank's part of the buffer.
  private func bytes(of segment: Int, of rank: Int) -> UnsafeMutableBufferPointer<UInt8> {
    let start = parts[rank].lowerBound + segment * elementsPerSegment
    let count = min(elementsPerSegment, parts[rank].upperBound - start)
    let size = call.element.byteCount
    return UnsafeMutableRawBufferPointer(start: buffer + start * size, count: count * size).bindMemory(to: UInt8.self)
  }

  /// Where another rank's contribution to a segment of this rank's part is received.
  private func contribution(of rank: Int, to segment: Int) -> UnsafeMutableBufferPointer<UInt8> {
    let slots = min(segmentCount, SegmentStream.depth)
    let start = contributions + (rank * slots + segment % slots) * Self.segmentByteCount
    return UnsafeMutableRawBufferPointer(start: start, count: bytes(of: segment, of: group.rank).count)
      .bindMemory(to: UInt8.self)
  }
}

/// What one rank exchanges with another in an all-reduce.
private struct Exchange {
  let peer: Int
  /// That of contributions; sums have the next.
  let tag: Int
  var contributionsSent: SegmentStream
  var contributionsReceived: SegmentStream
  var sumsSent: SegmentStream
  var sumsReceived: SegmentStream

  init(peer: Int, tag: Int, sent: Int, received: Int, sums: (sent: Int, received: Int)) {
    self.peer = peer
    self.tag = tag
    contributionsSent = SegmentStream(count: sent)
    contributionsReceived = SegmentStream(count: received)
    sumsSent = SegmentStream(count: sums.sent)
    sumsReceived = SegmentStream(count: sums.received)
  }

  var isComplete: Bool {
    contributionsSent.isComplete && contributionsReceived.isComplete && sumsSent.isComplete && sumsReceived.isComplete
  }
}

/// The messages of consecutive segments in one direction, a few of them under way at once.
private struct SegmentStream {
  static let depth = 16

  let count: Int
  private(set) var completed = 0
  /// Oldest first.
  private var underWay: [any PendingOperation] = []

  init(count: Int) { self.count = count }

  var isComplete: Bool { completed == count }

  /// Takes note of the messages that are complete, and starts those that may be: segments below `limit`.
  mutating func advance(upTo limit: Int = .max, start: (_ segment: Int) throws -> any PendingOperation) throws {
    while let oldest = underWay.first, try oldest.test() {
      underWay.removeFirst()
      completed += 1
    }
    while underWay.count < Self.depth && completed + underWay.count < min(count, limit) {
      underWay.append(try start(completed + underWay.count))
    }
  }
}
