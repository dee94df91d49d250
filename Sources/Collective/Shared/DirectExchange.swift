import CSharedMemory
import Foundation

/// A collective by messages between every two ranks of a group, as nodes make it with each other.
///
/// What is combined is cut into one part a rank. In a reduce-scatter every rank sends each other rank its contribution to
/// that rank's part, and combines the contributions to its own; in an all-gather it sends its part to all others. An
/// all-reduce is one after the other: each element leaves a rank 2(N − 1)/N times, the least possible, in two messages
/// whatever the number of ranks. Parts travel in segments, a few under way at once, so that results go out while
/// contributions still come in, and a segment is short enough for a transport to send it without asking first: over TCP
/// such a question waits behind the data of all segments before it. An all-reduce of few bytes is one message to each rank:
/// everybody combines all of it.
///
/// Unless told otherwise, elements are combined along the binary tree of the ranks, ((r0 ∘ r1) ∘ (r2 ∘ r3)) ∘ …, whatever the count and the cut: so a
/// sum of gradients has the same bits however they are cut into buckets.
final class DirectExchange: PendingOperation {
  /// What one rank has of the data.
  struct Data {
    /// The elements of each rank's part.
    let counts: [Int]
    /// This rank's contributions to the parts of all ranks; nil where nothing is combined.
    var contributions: [UnsafeRawPointer]?
    /// Where the parts are to be, or where this rank's is.
    let results: [UnsafeMutableRawPointer]
    /// Whether all ranks get all parts, rather than each its own.
    let isGathered: Bool
    /// Whether the own part's result is put where contributions to others' parts lie, which must have left before.
    var overwritesContributions = false
    /// Memory that contributions lie in, to be kept until they are sent.
    var owner: AnyObject?
  }

  /// How elements are combined.
  struct Combination {
    let elementByteCount: Int
    /// Combines as many elements of each rank's, in the order of the ranks; the target may be one of the sources.
    let combine: (_ count: Int, _ sources: [UnsafeRawPointer?], _ target: UnsafeMutableRawPointer) -> Void
  }

  /// What `MPI_Send` over TCP sends without asking is 64 KiB in Open MPI, its own header included.
  private static let segmentByteCount = 56 << 10
  private static let wholeByteLimit = 8 << 10

  private let group: any Communicator
  /// What the ranks of the group are called in messages.
  private let names: [Int]
  private let call: CollectiveCall
  private let data: Data
  private let combination: Combination
  private let elementsPerSegment: Int
  private let segmentCount: Int
  /// Other ranks' contributions to a few segments, for each rank in turn.
  private let received: UnsafeMutableRawPointer
  private var peers: [PeerExchange]
  /// The segments of the own part that are combined.
  private var combinedCount: Int
  private var sources: [UnsafeRawPointer?]

  /// Starts an all-reduce of a buffer.
  convenience init(
    allReducing bytes: UnsafeMutableRawBufferPointer, _ call: CollectiveCall, _ group: any Communicator,
    named names: [Int], number: Int
  ) throws {
    guard let start = bytes.baseAddress else { preconditionFailure("\(bytes.count) bytes at no address") }
    let size = call.element.byteCount
    let count = bytes.count / size
    let isWhole = bytes.count <= Self.wholeByteLimit / (group.size - 1)
    let cut = SliceCut(count: count, size: group.size, elementByteCount: size)
    let parts = (0..<group.size).map { isWhole ? 0..<count : cut.range(of: $0) }
    let addresses = parts.map { start + $0.lowerBound * size }
    let data = Data(
      counts: parts.map(\.count), contributions: addresses.map { UnsafeRawPointer($0) }, results: addresses,
      isGathered: !isWhole, overwritesContributions: isWhole)
    try self.init(data, call, group, named: names, number: number)
  }

  /// Starts an exchange. All ranks of the group start theirs in the same order; `number` counts them.
  ///
  /// Elements are combined as the call says, unless a combination is given.
  init(
    _ data: Data, _ call: CollectiveCall, combining combination: Combination? = nil, _ group: any Communicator,
    named names: [Int], number: Int
  ) throws {
    self.group = group
    self.names = names
    self.call = call
    self.data = data
    let combination = combination ?? Combination(call)
    self.combination = combination
    elementsPerSegment = Self.segmentByteCount / combination.elementByteCount
    let segmentCounts = data.counts.map { [elementsPerSegment] in ($0 + elementsPerSegment - 1) / elementsPerSegment }
    let own = segmentCounts[group.rank]
    segmentCount = own
    let isCombined = data.contributions != nil
    combinedCount = isCombined ? 0 : own
    received = .allocate(
      byteCount: isCombined ? group.size * min(own, SegmentStream.depth) * Self.segmentByteCount : 0, alignment: 64)
    sources = Array(repeating: nil, count: group.size)
    let tag = 2 * (number % (MessageTag.parts / 2))
    peers = (0..<group.size).filter { $0 != group.rank }.map { peer in
      PeerExchange(
        peer: peer, tag: tag,
        contributions: isCombined ? (sent: segmentCounts[peer], received: own) : (0, 0),
        results: data.isGathered ? (sent: own, received: segmentCounts[peer]) : (0, 0))
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
    if !isComplete, case .failure = Result(catching: { try wait() }) { peers = [] }
    received.deallocate()
  }

  /// The ranks without whose messages it does not go on, in words: `name` has those for a rank of the group.
  func awaited(_ name: (Int) -> String) -> String {
    let missing: [(PeerExchange) -> Bool] = [
      { [combinedCount, segmentCount] in
        combinedCount < segmentCount && $0.contributionsReceived.completed <= combinedCount
      },
      { !$0.resultsReceived.isComplete }, { !$0.isComplete },
    ]
    let awaited = missing.lazy.map { self.peers.filter($0) }.first { !$0.isEmpty } ?? []
    let first = awaited.prefix(4).map { name($0.peer) }.joined(separator: ", ")
    return awaited.count > 4 ? "\(first) and \(awaited.count - 4) more" : first
  }

  private var isComplete: Bool { combinedCount == segmentCount && peers.allSatisfy(\.isComplete) }

  /// Does all that can be done without waiting.
  private func advance() throws {
    do {
      try exchangeSegments()
    } catch CollectiveError.wrongMessageCount(let found, let expected, let source, _) {
      throw CollectiveError.differentLengths(rank: names[source], found: found, expected: expected, call: "\(call)")
    }
  }

  private func exchangeSegments() throws {
    for index in peers.indices {
      let (peer, tag) = (peers[index].peer, peers[index].tag)
      if let contributions = data.contributions {
        try peers[index].contributionsSent.advance { segment in
          let bytes = bytes(of: segment, of: peer, at: contributions[peer])
          return try group.startSend(bytes, to: peer, tag: tag)
        }
        try peers[index].contributionsReceived.advance(upTo: combinedCount + SegmentStream.depth) { segment in
          try group.startReceive(contribution(of: peer, to: segment), from: peer, tag: tag)
        }
      }
      // A result may come to where the contribution is sent from.
      let limit = data.contributions == nil ? Int.max : peers[index].contributionsSent.completed
      try peers[index].resultsReceived.advance(upTo: limit) { segment in
        let bytes = bytes(of: segment, of: peer, at: data.results[peer])
        return try group.startReceive(UnsafeMutableBufferPointer(mutating: bytes), from: peer, tag: tag + 1)
      }
    }
    while combinedCount < segmentCount && mayCombineNext { combineNext() }
    for index in peers.indices {
      let (peer, tag) = (peers[index].peer, peers[index].tag)
      try peers[index].resultsSent.advance(upTo: combinedCount) { segment in
        let bytes = bytes(of: segment, of: group.rank, at: data.results[group.rank])
        return try group.startSend(bytes, to: peer, tag: tag + 1)
      }
    }
  }

  private var mayCombineNext: Bool {
    peers.allSatisfy {
      $0.contributionsReceived.completed > combinedCount
        && (!data.overwritesContributions || $0.contributionsSent.isComplete)
    }
  }

  private func combineNext() {
    guard let contributions = data.contributions else { preconditionFailure("nothing to combine in \(call)") }
    let own = bytes(of: combinedCount, of: group.rank, at: contributions[group.rank])
    for rank in 0..<group.size where rank != group.rank {
      sources[rank] = UnsafeRawPointer(contribution(of: rank, to: combinedCount).baseAddress)
    }
    sources[group.rank] = UnsafeRawPointer(own.baseAddress)
    let target = bytes(of: combinedCount, of: group.rank, at: data.results[group.rank])
    guard let address = target.baseAddress else { preconditionFailure("a segment at no address in \(call)") }
    combination.combine(own.count / combination.elementByteCount, sources, UnsafeMutableRawPointer(mutating: address))
    combinedCount += 1
  }

  /// A segment of a rank's part, which begins at `start`.
  private func bytes(of segment: Int, of rank: Int, at start: UnsafeRawPointer) -> UnsafeBufferPointer<UInt8> {
    let first = segment * elementsPerSegment
    let count = min(elementsPerSegment, data.counts[rank] - first)
    let size = combination.elementByteCount
    return UnsafeRawBufferPointer(start: start + first * size, count: count * size).bindMemory(to: UInt8.self)
  }

  /// Where another rank's contribution to a segment of this rank's part is received.
  private func contribution(of rank: Int, to segment: Int) -> UnsafeMutableBufferPointer<UInt8> {
    let slots = min(segmentCount, SegmentStream.depth)
    let start = received + (rank * slots + segment % slots) * Self.segmentByteCount
    let count = bytes(of: segment, of: group.rank, at: start).count
    return UnsafeMutableRawBufferPointer(start: start, count: count).bindMemory(to: UInt8.self)
  }
}

extension DirectExchange.Combination {
  /// Along the binary tree of the ranks.
  fileprivate init(_ call: CollectiveCall) {
    self.init(elementByteCount: call.element.byteCount) { count, sources, target in
      csm_combine(call.element.shared, call.operation.shared, count, sources.count, sources, 1, [target])
    }
  }
}

/// What one rank exchanges with another.
private struct PeerExchange {
  let peer: Int
  /// That of contributions; results have the next.
  let tag: Int
  var contributionsSent: SegmentStream
  var contributionsReceived: SegmentStream
  var resultsSent: SegmentStream
  var resultsReceived: SegmentStream

  init(peer: Int, tag: Int, contributions: (sent: Int, received: Int), results: (sent: Int, received: Int)) {
    self.peer = peer
    self.tag = tag
    contributionsSent = SegmentStream(count: contributions.sent)
    contributionsReceived = SegmentStream(count: contributions.received)
    resultsSent = SegmentStream(count: results.sent)
    resultsReceived = SegmentStream(count: results.received)
  }

  var isComplete: Bool {
    contributionsSent.isComplete && contributionsReceived.isComplete && resultsSent.isComplete
      && resultsReceived.isComplete
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
