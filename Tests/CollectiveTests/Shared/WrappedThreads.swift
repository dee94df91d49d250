import Collective

/// Threads whose shared memory a test can make behave otherwise.
class WrappedThreads: SharedMemoryProvider {
  let base: ThreadCommunicator

  init(_ base: ThreadCommunicator) { self.base = base }

  func makeSharedMemory(byteCount: Int) throws -> SharedMemory { try base.makeSharedMemory(byteCount: byteCount) }
  func nodeGroup() throws -> any SharedMemoryProvider { WrappedThreads(try base.threadsOfNode()) }
  func hasEnded(_ rank: Int) -> Bool { base.hasEnded(rank) }

  func isOversubscribed() throws -> Bool { try base.isOversubscribed() }

  func checkIsAlive(_ rank: Int, named name: Int, call: CollectiveCall) throws {
    try base.checkIsAlive(rank, named: name, call: call)
  }

  var rank: Int { base.rank }
  var size: Int { base.size }
  var localRank: Int { base.localRank }
  var localSize: Int { base.localSize }
  var launch: LaunchDescription { base.launch }

  func allReduceAlgorithm<Element: ReducibleElement>(for buffer: UnsafeMutableBufferPointer<Element>) -> String {
    base.allReduceAlgorithm(for: buffer)
  }

  func allReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    try base.allReduce(buffer, operation)
  }

  func startAllReduce<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    try base.startAllReduce(buffer, operation)
  }

  func startBroadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws -> any PendingOperation {
    try base.startBroadcast(buffer, from: root)
  }

  func startAllGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws -> any PendingOperation {
    try base.startAllGather(part, into: all)
  }

  func startReduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws -> any PendingOperation {
    try base.startReduceScatter(all, into: part, operation)
  }

  func startSend<Element: ReducibleElement>(
    _ buffer: UnsafeBufferPointer<Element>, to rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try base.startSend(buffer, to: rank, tag: tag)
  }

  func startReceive<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from rank: Int, tag: Int
  ) throws -> any PendingOperation {
    try base.startReceive(buffer, from: rank, tag: tag)
  }

  func startBarrier() throws -> any PendingOperation { try base.startBarrier() }
  func split(color: Int?, key: Int) throws -> (any Communicator)? { try base.split(color: color, key: key) }
  func finalize() throws { try base.finalize() }
  func abort(_ status: Int32) -> Never { base.abort(status) }
}
