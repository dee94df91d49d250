import Foundation

/// Threads that share a loop whose rounds are independent of each other.
///
/// They are made when a loop first needs them and stay, waiting: a training step takes no new stack from the system, as
/// it would where a pool lets idle threads go.
package final class LoopThreads: @unchecked Sendable {
  package static let shared = LoopThreads()

  /// Held by the thread whose loop is under way.
  private let turn = NSLock()
  private let condition = NSCondition()
  private var threadCount = 0
  private var round: ((Int) -> Void)?
  private var roundCount = 0
  private var startedCount = 0
  private var completedCount = 0

  /// Calls `round` with 0 to `count - 1` on as many threads, this one among them; on this one alone while another
  /// thread's loop is under way.
  package func perform(_ count: Int, _ round: @escaping (Int) -> Void) {
    guard count > 1, turn.try() else { return (0..<count).forEach(round) }
    defer { turn.unlock() }
    condition.withLock {
      while threadCount < count - 1 { startThread() }
      (self.round, roundCount, startedCount, completedCount) = (round, count, 0, 0)
      condition.broadcast()
    }
    makeRounds()
    condition.withLock {
      while completedCount < count { condition.wait() }
      self.round = nil
    }
  }

  private func startThread() {
    threadCount += 1
    Thread.detachNewThread { [self] in
      while true {
        condition.withLock { while startedCount == roundCount { condition.wait() } }
        makeRounds()
      }
    }
  }

  /// Makes rounds until all are started.
  private func makeRounds() {
    while let (number, round) = next() {
      round(number)
      condition.withLock {
        completedCount += 1
        if completedCount == roundCount { condition.broadcast() }
      }
    }
  }

  private func next() -> (number: Int, round: (Int) -> Void)? {
    condition.withLock {
      guard startedCount < roundCount, let round else { return nil }
      startedCount += 1
      return (startedCount - 1, round)
    }
  }
}
