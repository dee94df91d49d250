import Collective

/// Ranks that can share memory a number of times, then not any more.
final class RefusingProvider: WrappedThreads {
  private var allowed: Int

  init(_ base: ThreadCommunicator, afterAllowing allowed: Int) {
    self.allowed = allowed
    super.init(base)
  }

  override func makeSharedMemory(byteCount: Int) throws -> SharedMemory {
    allowed -= 1
    guard allowed >= 0 else { throw SharedMemoryRefusal("on purpose") }
    return try super.makeSharedMemory(byteCount: byteCount)
  }

  override func nodeGroup() throws -> any SharedMemoryProvider {
    RefusingProvider(try base.threadsOfNode(), afterAllowing: allowed)
  }
}
