import CKernels
import Foundation
import Synchronization

/// Threads that share a loop whose rounds are independent of each other.
///
/// They are made when a loop first needs them and stay, waiting: a training step takes no new stack from the system, as
/// it would where a pool lets idle threads go. Between the loops of a step they wait awake, since to wake a thread takes
/// tens of microseconds.
package final class LoopThreads: @unchecked Sendable {
  package static let shared = LoopThreads()

  /// Held by the thread whose loop is under way.
  private let turn = NSLock()
  private let condition = NSCondition()
  private let sleeperCount = Atomic<Int>(0)
  private var threadCount = 0

  /// The loop that is under way, for who took a round of it.
  private var round: ((Int) -> Void)?
  private var caller: ThreadState?
  private let untakenCount = Atomic<Int>(0)
  private let uncompletedCount = Atomic<Int>(0)

  /// How long a thread waits awake, in nanoseconds.
  private static let patience = 100_000

  /// The threads for a loop of so many multiplications, or of other operations that take as long: those of BLAS; or one
  /// where a second thread brings nothing, and within the rounds of another loop.
  static func threads(for work: Int) -> Int {
    // Asked for first: from then on OpenBLAS computes on the calling thread alone.
    let count = BLAS.threadCount
    if let fixed = ThreadState.withCurrent({ $0.loopThreads }) { return fixed }
    return work < smallestShared ? 1 : count
  }

  /// Runs `body`, in which this thread shares every loop, however short, with so many threads.
  package static func using<R>(threads: Int, _ body: () throws -> R) rethrows -> R {
    try ThreadState.with(\.loopThreads, threads, body)
  }

  /// The threads for a pass over so many elements, which takes as long as eight multiplications of a product for each.
  static func threads(forElements count: Int) -> Int { threads(for: 8 * count) }

  /// Multiplications below which a loop is not shared.
  package static let smallestShared = 1 << 20

  /// Calls `round` with 0 to `count - 1` on as many threads, this one among them; on this one alone while another
  /// thread's loop is under way.
  ///
  /// Rounds compute with the kernels and the precision of the calling thread.
  package func perform(_ count: Int, _ round: @escaping (Int) -> Void) {
    guard count > 1 else { return (0..<count).forEach(round) }
    Self.using(threads: 1) {
      guard turn.try() else { return (0..<count).forEach(round) }
      defer { turn.unlock() }
      performInTurn(count, round)
    }
  }

  private func performInTurn(_ count: Int, _ round: @escaping (Int) -> Void) {
    while threadCount < count - 1 { startThread() }
    (self.round, caller) = (round, ThreadState.current)
    uncompletedCount.store(count, ordering: .sequentiallyConsistent)
    untakenCount.store(count, ordering: .sequentiallyConsistent)
    wakeSleepers()
    while let number = takeRound() {
      round(number)
      complete()
    }
    wait { uncompletedCount.load(ordering: .sequentiallyConsistent) == 0 }
    (self.round, caller) = (nil, nil)
  }

  /// Calls `body` once with each of 0 to `count - 1`, and with the number of the thread that it is on, below `threads`:
  /// each thread takes the next one when it is done with one.
  package func share(_ count: Int, over threads: Int, _ body: @escaping (_ number: Int, _ thread: Int) -> Void) {
    let next = Atomic<Int>(0)
    perform(min(threads, count)) { thread in
      while true {
        let number = next.add(1, ordering: .relaxed).oldValue
        guard number < count else { return }
        body(number, thread)
      }
    }
  }

  /// Calls `body` with ranges that together are 0 to `count - 1`, one on each of `threads`, cut at multiples of `step`.
  package func cut(_ count: Int, over threads: Int, step: Int = 64, _ body: @escaping (Range<Int>) -> Void) {
    let width = ((count + threads - 1) / threads).roundedUp(to: step)
    guard width < count else { return body(0..<count) }
    perform((count + width - 1) / width) { body($0 * width..<min(($0 + 1) * width, count)) }
  }

  private func startThread() {
    threadCount += 1
    Thread.detachNewThread { [self] in
      let state = ThreadState.current
      state.loopThreads = 1
      while true {
        wait { untakenCount.load(ordering: .sequentiallyConsistent) > 0 }
        guard let number = takeRound() else { continue }
        makeRound(number, state)
        complete()
      }
    }
  }

  /// Makes a round of another thread's loop, and holds nothing of that when it returns: what the loop needs has to be
  /// freed by its own thread, where it will be needed again.
  @inline(never)
  private func makeRound(_ number: Int, _ state: ThreadState) {
    guard let round, let caller else { preconditionFailure("round \(number) of no loop") }
    state.computesLike(caller)
    round(number)
  }

  /// A round that no thread has taken; what it belongs to stays until it is completed.
  private func takeRound() -> Int? {
    var count = untakenCount.load(ordering: .relaxed)
    while count > 0 {
      let (exchanged, original) = untakenCount.compareExchange(
        expected: count, desired: count - 1, ordering: .acquiringAndReleasing)
      if exchanged { return count - 1 }
      count = original
    }
    return nil
  }

  private func complete() {
    if uncompletedCount.subtract(1, ordering: .sequentiallyConsistent).newValue == 0 { wakeSleepers() }
  }

  /// Waits for what a change makes true that ``wakeSleepers()`` follows.
  private func wait(until isTrue: () -> Bool) {
    let end = Profiler.now() + Self.patience
    repeat {
      for _ in 0..<50 {
        if isTrue() { return }
        dt_pause()
      }
    } while Profiler.now() < end
    condition.withLock {
      sleeperCount.add(1, ordering: .sequentiallyConsistent)
      while !isTrue() { condition.wait() }
      sleeperCount.subtract(1, ordering: .sequentiallyConsistent)
    }
  }

  private func wakeSleepers() {
    guard sleeperCount.load(ordering: .sequentiallyConsistent) > 0 else { return }
    condition.withLock { condition.broadcast() }
  }
}
