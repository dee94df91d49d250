import Collective

/// Ranks that can share memory a number of times, then not any more.
final class RefusingProvider: SharedMemoryProvider {
  private let base: ThreadCommunicator
  private var allowed: Int

  init(_ base: ThreadCommunicator, afterAllowing allowed: Int) {
    self.base = base
    self.allowed = allowed
  }

  func makeSharedMemory(byteCount: Int) throws -> SharedMemory {
    allowed -= 1
    guard allowed >= 0 else { throw SharedMemoryRefusal("on purpose") }
    return try base.makeSharedMemory(byteCount: byteCount)
  }

  func checkIsAlive(_ rank: Int, call: CollectiveCall) throws { try base.checkIsAlive(rank, call: call) }

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

  func broadcast<Element: ReducibleElement>(
    _ buffer: UnsafeMutableBufferPointer<Element>, from root: Int
  ) throws {
    try base.broadcast(buffer, from: root)
  }

  func allGather<Element: ReducibleElement>(
    _ part: UnsafeBufferPointer<Element>, into all: UnsafeMutableBufferPointer<Element>
  ) throws {
    try base.allGather(part, into: all)
  }

  func reduceScatter<Element: ReducibleElement>(
    _ all: UnsafeBufferPointer<Element>, into part: UnsafeMutableBufferPointer<Element>, _ operation: ReduceOperation
  ) throws {
    try base.reduceScatter(all, into: part, operation)
  }

  func barrier() throws { try base.barrier() }
  func finalize() throws { try base.finalize() }
  func abort(_ status: Int32) -> Never { base.abort(status) }
}
