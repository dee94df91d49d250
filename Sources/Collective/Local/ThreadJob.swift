import Foundation

/// What all ranks of a ``ThreadCommunicator/run(size:_:)`` share, whatever groups they form: who has left, and the
/// failure that ended the work.
final class ThreadJob: @unchecked Sendable {
  /// Protects this and all groups of the job.
  let condition = NSCondition()
  /// The node of each rank.
  let nodes: [Int]
  private var hasLeft: [Bool]
  private(set) var failure: Failure?
  private var memory: [CommunicationBuffer] = []

  struct Failure {
    /// The error itself.
    let cause: any Error
    /// What the ranks that did not raise it throw.
    let forPeers: any Error
  }

  init(ranksPerNode: [Int]) {
    nodes = ranksPerNode.enumerated().flatMap { node, count in Array(repeating: node, count: count) }
    hasLeft = Array(repeating: false, count: nodes.count)
  }

  /// The error that ended the work, if one did.
  var cause: (any Error)? { condition.withLock { failure?.cause } }

  /// Makes memory, filled with zeros, that lives as long as the job.
  func makeMemory(byteCount: Int) -> UnsafeMutableRawPointer {
    let buffer = CommunicationBuffer(privateByteCount: max(byteCount, 1))
    guard let start = buffer.bytes.baseAddress else { preconditionFailure("\(byteCount) bytes at no address") }
    condition.withLock { memory.append(buffer) }
    return start
  }

  /// Whether a rank's work is done, or failed.
  func hasLeft(_ rank: Int) -> Bool { condition.withLock { hasLeft[rank] } }

  /// Throws the failure that ended the work, or that one of the ranks `needed` for a call has left. Called under the
  /// lock.
  func checkArePresent(_ needed: [Int], call: String) throws {
    if failure == nil, let absent = needed.first(where: { hasLeft[$0] }) {
      try end(with: CollectiveError.rankLeft(rank: absent, call: call))
    }
    if let failure { throw failure.forPeers }
  }

  /// Ends the work with an error that all ranks throw. Called under the lock.
  func end(with error: some Error) throws -> Never {
    end(Failure(cause: error, forPeers: error))
    throw error
  }

  /// Tells all that a rank's work is done, or failed with an error.
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

  /// The first failure ends the work; those that follow from it change nothing.
  private func end(_ newFailure: Failure) {
    if failure == nil { failure = newFailure }
    condition.broadcast()
  }
}
