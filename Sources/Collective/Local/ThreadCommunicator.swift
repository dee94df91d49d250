import Foundation

/// A rank that is a thread of this process, for tests and for machines without MPI.
///
/// Results are combined along a binary tree of the ranks, whatever the timing: the same inputs give the same bits.
public final class ThreadCommunicator: Communicator {
  /// This rank.
  public let rank: Int
  let group: ThreadGroup
  private let operations = OperationsUnderWay.ofThread
  private var calls = 0

  private init(rank: Int, group: ThreadGroup) {
    self.rank = rank
    self.group = group
    let nodes = group.members.map { group.job.nodes[$0] }
    localRank = nodes[..<rank].count { $0 == nodes[rank] }
    localSize = nodes.count { $0 == nodes[rank] }
  }

  /// The number of threads.
  public var size: Int { group.members.count }
  /// This rank among those of its node.
  public let localRank: Int
  /// The number of threads of this rank's node: all, unless nodes were made up.
  public let localSize: Int

  /// True.
  public var sumsAlongBinaryTree: Bool { true }

  /// Ranks that are threads of one process.
  public var launch: LaunchDescription {
    LaunchDescription(launcher: "threads", communicator: self, processorName: ProcessInfo.processInfo.hostName)
  }

  /// Runs `body` once a rank, each in a thread of its own, and returns the results in the order of the ranks.
  ///
  /// When a rank throws, the others are released from their collective calls with a ``PeerFailure`` that names it, and
  /// `run` throws the error of the rank that failed first.
  public static func run<Result: Sendable>(
    size: Int, _ body: @escaping @Sendable (ThreadCommunicator) throws -> Result
  ) throws -> [Result] {
    try run(ranksPerNode: [size], body)
  }

  /// Runs `body` as ``run(size:_:)`` does, in threads that act as if they were on several nodes.
  package static func run<Result: Sendable>(
    ranksPerNode: [Int], _ body: @escaping @Sendable (ThreadCommunicator) throws -> Result
  ) throws -> [Result] {
    let size = ranksPerNode.reduce(0, +)
    precondition(size > 0, "a group of \(size) ranks")
    let job = ThreadJob(ranksPerNode: ranksPerNode)
    let group = ThreadGroup(job, members: Array(0..<size))
    let results = Results<Result>(count: size)
    for rank in 0..<size {
      Thread.detachNewThread {
        do {
          results.set(try body(ThreadCommunicator(rank: rank, group: group)), at: rank)
          job.leave(rank, error: nil)
        } catch {
          job.leave(rank, error: error)
        }
      }
    }
    job.waitUntilAllLeft()
    if let cause = job.cause { throw cause }
    return results.all
  }

  /// `last thread combines`.
  public func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String {
    "last thread combines"
  }

  /// Combines the ranks' buffers along a binary tree.
  public func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    try startAllReduce(buffer, operation).wait()
  }

  /// Starts an all-reduce, which the rank that joins last carries out.
  public func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    let call = "an all-reduce (\(operation)) of \(buffer.count) \(Element.self)"
    return try join(call, UnsafeBufferPointer(buffer), buffer) { contributions in
      guard buffer.count > 0 else { return }
      let outputs = contributions.map { $0.output.bindMemory(to: Element.self) }
      BinaryTree.forEachPair(of: outputs.count) { source, target in
        Self.combine(UnsafeBufferPointer(outputs[source]), into: outputs[target], operation)
      }
      for other in outputs.dropFirst() { _ = other.update(fromContentsOf: outputs[0]) }
    }
  }

  /// Copies the root's buffer.
  public func startBroadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws -> any PendingOperation {
    try checkRoot(root)
    let call = "a broadcast from rank \(root) of \(buffer.count) \(Element.self)"
    return try join(call, UnsafeBufferPointer(buffer), buffer) { contributions in
      for (rank, contribution) in contributions.enumerated() where rank != root {
        contribution.output.copyMemory(from: contributions[root].input)
      }
    }
  }

  /// Copies every rank's part into every rank's whole.
  public func startAllGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    return try join("an all-gather of \(all.count) \(Element.self)", part, all) { contributions in
      for target in contributions.map({ $0.output.bindMemory(to: Element.self) }) {
        for (rank, source) in contributions.enumerated() {
          let place = UnsafeMutableBufferPointer(rebasing: target[cut.range(of: rank)])
          UnsafeMutableRawBufferPointer(place).copyMemory(from: source.input)
        }
      }
    }
  }

  /// Combines each part along a binary tree of the ranks.
  public func startReduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    return try join("a reduce-scatter (\(operation)) of \(all.count) \(Element.self)", all, part) { contributions in
      let inputs = contributions.map { $0.input.bindMemory(to: Element.self) }
      for (rank, contribution) in contributions.enumerated() {
        // Combined apart, for a part may lie in its rank's whole.
        var parts = inputs.map { Array($0[cut.range(of: rank)]) }
        BinaryTree.forEachPair(of: parts.count) { source, target in
          let other = parts[source]
          other.withUnsafeBufferPointer { other in
            parts[target].withUnsafeMutableBufferPointer { Self.combine(other, into: $0, operation) }
          }
        }
        parts[0].withUnsafeBytes { contribution.output.copyMemory(from: $0) }
      }
    }
  }

  /// Complete once every rank has started it.
  public func startBarrier() throws -> any PendingOperation {
    let nothing = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    return try join("a barrier", UnsafeBufferPointer(nothing), nothing) { _ in }
  }

  /// Sends a message, which is copied once the other rank receives it.
  public func startSend<Element: ReducibleElement>(
    _ buffer: UnsafeBufferPointer<Element>, to rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try checkPeer(rank, tag: tag)
    let envelope = ThreadGroup.Envelope(
      source: self.rank, destination: rank, tag: tag, element: Element.elementType)
    return ThreadOperation(
      beside: operations, group: group, try group.send(envelope, UnsafeRawBufferPointer(buffer), count: buffer.count))
  }

  /// Receives a message.
  public func startReceive<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try checkPeer(rank, tag: tag)
    let envelope = ThreadGroup.Envelope(
      source: rank, destination: self.rank, tag: tag, element: Element.elementType)
    return ThreadOperation(
      beside: operations, group: group,
      try group.receive(envelope, UnsafeMutableRawBufferPointer(buffer), count: buffer.count))
  }

  /// Groups of threads that end together: a failure in one is a failure of all.
  public func split(color: Int?, key: Int) throws -> (any Communicator)? {
    try part(color: color, key: key)
  }

  func part(color: Int?, key: Int) throws -> ThreadCommunicator? {
    try checkSplit(color: color, key: key)
    let call = calls
    let (colors, keys) = try (gathered(Int64(color ?? -1)), gathered(Int64(key)))
    guard let color else { return nil }
    let places = (0..<size).filter { colors[$0] == color }.sorted { (keys[$0], $0) < (keys[$1], $1) }
    guard let place = places.firstIndex(of: rank) else { preconditionFailure("rank \(rank) is not in its own group") }
    let part = group.part(ofCall: call, members: places.map { group.members[$0] })
    return ThreadCommunicator(rank: place, group: part)
  }

  /// Does nothing: a rank leaves when its work returns.
  public func finalize() throws {}

  /// Ends the process, and with it all ranks.
  public func abort(_ status: Int32) -> Never { exit(status) }

  private func join<Element: ReducibleElement>(
    _ call: String, _ input: UnsafeBufferPointer<Element>, _ output: UnsafeMutableBufferPointer<Element>,
    work: ([Contribution]) -> Void
  ) throws -> ThreadOperation {
    let contribution = Contribution(
      input: UnsafeRawBufferPointer(input), output: UnsafeMutableRawBufferPointer(output))
    let meeting = try group.join(calls, as: rank, call: call, contribution, work: work)
    calls += 1
    return ThreadOperation(beside: operations, group: group, meeting)
  }

  private static func combine<Element: ReducibleElement>(
    _ source: UnsafeBufferPointer<Element>, into target: UnsafeMutableBufferPointer<Element>,
    _ operation: ReduceOperation
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    Element.combine(from, into: to, count: target.count, operation)
  }
}

private final class ThreadOperation: PendingOperation {
  private let operations: OperationsUnderWay
  private let group: ThreadGroup
  private let meeting: Meeting

  init(beside operations: OperationsUnderWay, group: ThreadGroup, _ meeting: Meeting) {
    self.operations = operations
    self.group = group
    self.meeting = meeting
  }

  func test() throws -> Bool { try group.isComplete(meeting) }

  func wait() throws {
    while try !operations.isEmpty && !test() {
      operations.proceed()
      sched_yield()
    }
    try group.wait(for: meeting)
  }

  /// An error here has ended the job's work: `run` throws it.
  deinit { _ = Result { try wait() } }
}

private final class Results<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Value?]

  init(count: Int) { values = Array(repeating: nil, count: count) }

  func set(_ value: Value, at index: Int) { lock.withLock { values[index] = value } }

  var all: [Value] { lock.withLock { values.compactMap { $0 } } }
}
