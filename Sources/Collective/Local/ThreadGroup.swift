import Foundation

/// What a rank brings to a collective call: where it reads and where it writes.
struct Contribution {
  let input: UnsafeRawBufferPointer
  let output: UnsafeMutableRawBufferPointer
}

/// One collective call in which the threads of a group meet; the group's lock protects it.
final class Exchange {
  let call: String
  let firstRank: Int
  var contributions: [Contribution?]
  var isComplete = false

  init(call: String, firstRank: Int, size: Int) {
    self.call = call
    self.firstRank = firstRank
    contributions = Array(repeating: nil, count: size)
  }
}

/// The meeting place of a ``ThreadCommunicator``'s ranks.
///
/// The n-th calls of all ranks meet in one ``Exchange``. The rank that comes last does the work for all, reading the
/// contributions in a fixed order, so that the result does not depend on timing. It works under the lock and
/// never after a failure: a rank that was released by an error may free its buffers.
final class ThreadGroup: @unchecked Sendable {
  let size: Int
  private let condition = NSCondition()
  private var exchanges: [Int: Exchange] = [:]
  private var hasLeft: [Bool]
  private var failure: Failure?
  private var memory: [CommunicationBuffer] = []

  private struct Failure {
    /// The error itself.
    let cause: any Error
    /// What the ranks that did not raise it throw.
    let forPeers: any Error
  }

  init(size: Int) {
    self.size = size
    hasLeft = Array(repeating: false, count: size)
  }

  /// The error that ended the group's work, if one did.
  var cause: (any Error)? { condition.withLock { failure?.cause } }

  /// Makes memory, filled with zeros, that lives as long as the group.
  func makeMemory(byteCount: Int) -> UnsafeMutableRawPointer {
    let buffer = CommunicationBuffer(privateByteCount: max(byteCount, 1))
    guard let start = buffer.bytes.baseAddress else { preconditionFailure("\(byteCount) bytes at no address") }
    condition.withLock { memory.append(buffer) }
    return start
  }

  /// Throws the failure that ended the group's work, or that a rank has left although a call needs it.
  func checkIsPresent(_ rank: Int, call: String) throws {
    try condition.withLock {
      if failure == nil && hasLeft[rank] {
        let left = CollectiveError.rankLeft(rank: rank, call: call)
        end(Failure(cause: left, forPeers: left))
      }
      if let failure { throw failure.forPeers }
    }
  }

  /// Takes part in call number `index`, and does the work when all other ranks already take part.
  func join(
    _ index: Int, as rank: Int, call: String, _ contribution: Contribution, work: ([Contribution]) -> Void
  ) throws -> Exchange {
    try condition.withLock {
      if let failure { throw failure.forPeers }
      let exchange = exchanges[index] ?? Exchange(call: call, firstRank: rank, size: size)
      exchanges[index] = exchange
      guard exchange.call == call else {
        let mismatch = CollectiveError.mismatchedCalls(
          rank: exchange.firstRank, call: exchange.call, otherRank: rank, otherCall: call)
        end(Failure(cause: mismatch, forPeers: mismatch))
        throw mismatch
      }
      exchange.contributions[rank] = contribution
      let present = exchange.contributions.compactMap { $0 }
      if present.count == size {
        work(present)
        exchange.isComplete = true
        exchanges[index] = nil
        condition.broadcast()
      }
      return exchange
    }
  }

  func isComplete(_ exchange: Exchange) throws -> Bool {
    try condition.withLock {
      if exchange.isComplete { return true }
      if let failure { throw failure.forPeers }
      return false
    }
  }

  /// Returns nil once the exchange is complete, or the error because of which it never will be.
  func outcome(of exchange: Exchange) -> (any Error)? {
    condition.withLock {
      while !exchange.isComplete && failure == nil {
        if let absent = (0..<size).first(where: { hasLeft[$0] && exchange.contributions[$0] == nil }) {
          let left = CollectiveError.rankLeft(rank: absent, call: exchange.call)
          end(Failure(cause: left, forPeers: left))
        } else {
          condition.wait()
        }
      }
      return exchange.isComplete ? nil : failure?.forPeers
    }
  }

  /// Tells the group that a rank's work is done, or failed with an error.
  func leave(_ rank: Int, error: (any Error)?) {
    condition.withLock {
      hasLeft[rank] = true
      if let error { end(Failure(cause: error, forPeers: PeerFailure(rank: rank))) }
      condition.broadcast()
    }
  }

  func waitUntilAllLeft() {
    condition.withLock {
      while hasLeft.contains(false) { condition.wait() }
    }
  }

  /// The first failure ends the group's work; those that follow from it change nothing. Called under the lock.
  private func end(_ newFailure: Failure) {
    if failure == nil { failure = newFailure }
    condition.broadcast()
  }
}
