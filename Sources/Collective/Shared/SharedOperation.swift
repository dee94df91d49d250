/// A collective call that passes through the window.
final class SharedOperation: PendingOperation {
  private let queue: ExchangeQueue
  private let last: UInt64

  /// The exchange whose last step has this sequence number; 0 for one that had nothing to do.
  init(_ queue: ExchangeQueue, last: UInt64) {
    self.queue = queue
    self.last = last
  }

  func test() throws -> Bool {
    if queue.isComplete(last) { return true }
    try queue.advance()
    return queue.isComplete(last)
  }

  func wait() throws { try queue.wait(for: last) }

  /// After a failure nothing touches the buffer any more, and every later call of the rank throws the failure.
  deinit { _ = Result { try wait() } }
}

/// An operation of the communicator below, beside which the window's operations proceed, and the other way round.
final class OutsideOperation: PendingOperation {
  private let queue: ExchangeQueue
  private let operation: any PendingOperation

  init(_ queue: ExchangeQueue, _ operation: any PendingOperation) throws {
    self.queue = queue
    self.operation = operation
    try queue.add(outside: operation)
  }

  func test() throws -> Bool {
    try queue.advance()
    return try operation.test()
  }

  func wait() throws { try queue.wait(forOutside: operation) }

  /// After a failure of the window, the queue lets the operation go, which waits for itself.
  deinit { _ = Result { try wait() } }
}
