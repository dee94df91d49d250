import Foundation

/// A rank that is a thread of this process, for tests and for machines without MPI.
///
/// Results are combined along a binary tree of the ranks, whatever the timing: the same inputs give the same bits.
public final class ThreadCommunicator: Communicator {
  /// This rank.
  public let rank: Int
  private let group: ThreadGroup
  private var calls = 0

  private init(rank: Int, group: ThreadGroup) {
    self.rank = rank
    self.group = group
  }

  /// The number of threads.
  public var size: Int { group.size }
  /// The rank: all threads share a node.
  public var localRank: Int { rank }
  /// The number of threads: all share a node.
  public var localSize: Int { group.size }

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
    precondition(size > 0, "a group of \(size) ranks")
    let group = ThreadGroup(size: size)
    let results = Results<Result>(count: size)
    for rank in 0..<size {
      Thread.detachNewThread {
        do {
          results.set(try body(ThreadCommunicator(rank: rank, group: group)), at: rank)
          group.leave(rank, error: nil)
        } catch {
          group.leave(rank, error: error)
        }
      }
    }
    group.waitUntilAllLeft()
    if let cause = group.cause { throw cause }
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
  public func broadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws {
    try checkRoot(root)
    let call = "a broadcast from rank \(root) of \(buffer.count) \(Element.self)"
    try join(call, UnsafeBufferPointer(buffer), buffer) { contributions in
      for (rank, contribution) in contributions.enumerated() where rank != root {
        contribution.output.copyMemory(from: contributions[root].input)
      }
    }.wait()
  }

  /// Copies every rank's part into every rank's whole.
  public func allGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws {
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    try join("an all-gather of \(all.count) \(Element.self)", part, all) { contributions in
      for target in contributions.map({ $0.output.bindMemory(to: Element.self) }) {
        for (rank, source) in contributions.enumerated() {
          let place = UnsafeMutableBufferPointer(rebasing: target[cut.range(of: rank)])
          UnsafeMutableRawBufferPointer(place).copyMemory(from: source.input)
        }
      }
    }.wait()
  }

  /// Combines each part along a binary tree of the ranks.
  public func reduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    try checkPart(part.count, of: all.count)
    let cut = ShardCut(count: all.count, size: size)
    try join("a reduce-scatter (\(operation)) of \(all.count) \(Element.self)", all, part) { contributions in
      let inputs = contributions.map { $0.input.bindMemory(to: Element.self) }
      for (rank, contribution) in contributions.enumerated() {
        let target = contribution.output.bindMemory(to: Element.self)
        var parts = inputs.map { Array($0[cut.range(of: rank)]) }
        BinaryTree.forEachPair(of: parts.count) { source, target in
          let other = parts[source]
          other.withUnsafeBufferPointer { other in
            parts[target].withUnsafeMutableBufferPointer { Self.combine(other, into: $0, operation) }
          }
        }
        _ = target.update(fromContentsOf: parts[0])
      }
    }.wait()
  }

  /// Returns once every rank has called it.
  public func barrier() throws {
    let nothing = UnsafeMutableBufferPointer<UInt8>(start: nil, count: 0)
    try join("a barrier", UnsafeBufferPointer(nothing), nothing) { _ in }.wait()
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
    let exchange = try group.join(calls, as: rank, call: call, contribution, work: work)
    calls += 1
    return ThreadOperation(group: group, exchange: exchange)
  }

  private static func combine<Element: ReducibleElement>(
    _ source: UnsafeBufferPointer<Element>, into target: UnsafeMutableBufferPointer<Element>,
    _ operation: ReduceOperation
  ) {
    guard let from = source.baseAddress, let to = target.baseAddress else { return }
    Element.combine(from, into: to, count: target.count, operation)
  }
}

extension ThreadCommunicator: SharedMemoryProvider {
  /// Memory of this process, which the group keeps.
  package func makeSharedMemory(byteCount: Int) throws -> SharedMemory {
    var addresses = [Int64](repeating: 0, count: size)
    addresses[rank] = Int64(Int(bitPattern: group.makeMemory(byteCount: byteCount)))
    try allReduce(&addresses, .sum)
    let parts = addresses.map { address in
      guard let part = UnsafeMutableRawPointer(bitPattern: Int(address)) else {
        preconditionFailure("a rank's memory is at no address")
      }
      return part
    }
    return SharedMemory(parts: parts, byteCount: byteCount)
  }

  /// Throws the group's failure.
  package func checkIsAlive(_ rank: Int, call: CollectiveCall) throws {
    try group.checkIsPresent(rank, call: call.description)
  }
}

private final class ThreadOperation: PendingOperation {
  private let group: ThreadGroup
  private let exchange: Exchange

  init(group: ThreadGroup, exchange: Exchange) {
    self.group = group
    self.exchange = exchange
  }

  func test() throws -> Bool { try group.isComplete(exchange) }

  func wait() throws {
    if let error = group.outcome(of: exchange) { throw error }
  }

  /// An error here has ended the group's work: `run` throws it.
  deinit { _ = group.outcome(of: exchange) }
}

private final class Results<Value: Sendable>: @unchecked Sendable {
  private let lock = NSLock()
  private var values: [Value?]

  init(count: Int) { values = Array(repeating: nil, count: count) }

  func set(_ value: Value, at index: Int) { lock.withLock { values[index] = value } }

  var all: [Value] { lock.withLock { values.compactMap { $0 } } }
}
