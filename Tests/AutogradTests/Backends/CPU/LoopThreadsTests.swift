import Autograd
import Foundation
import Synchronization
import Testing

struct LoopThreadsTests {
  @Test(arguments: [0, 1, 2, 3, 8])
  func `every round is made once, before the loop returns`(_ count: Int) {
    for _ in 0..<200 {
      let counts = Mutex([Int](repeating: 0, count: count))
      LoopThreads.shared.perform(count) { round in counts.withLock { $0[round] += 1 } }
      #expect(counts.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }

  @Test func `loops of several threads, and within rounds, are all made`() async {
    let sums = await withTaskGroup(of: Int.self) { group in
      for _ in 0..<8 {
        group.addTask {
          let sum = Mutex(0)
          for _ in 0..<50 {
            LoopThreads.shared.perform(3) { _ in
              LoopThreads.shared.perform(2) { inner in sum.withLock { $0 += inner + 1 } }
            }
          }
          return sum.withLock { $0 }
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    #expect(sums == [Int](repeating: 50 * 3 * 3, count: 8))
  }

  @Test(arguments: [0, 1, 2, 17], [1, 2, 3])
  func `rounds are shared out over threads that are told apart`(_ count: Int, _ threads: Int) {
    for _ in 0..<100 {
      let made = Mutex([Int](repeating: 0, count: count))
      let atWork = Mutex(Set<Int>())
      LoopThreads.shared.share(count, over: threads) { round, thread in
        let isAlone = atWork.withLock { $0.insert(thread).inserted }
        made.withLock { $0[round] += isAlone && thread < threads ? 1 : 2 }
        atWork.withLock { _ = $0.remove(thread) }
      }
      #expect(made.withLock { $0 } == [Int](repeating: 1, count: count))
    }
  }

  @Test(arguments: [0, 1, 63, 64, 65, 1000], [1, 2, 3, 20])
  func `ranges cover what is cut`(_ count: Int, _ threads: Int) {
    let ranges = Mutex([Range<Int>]())
    LoopThreads.shared.cut(count, over: threads) { range in ranges.withLock { $0.append(range) } }
    let sorted = ranges.withLock { $0.sorted { $0.lowerBound < $1.lowerBound } }
    #expect(sorted.count <= threads && sorted.dropLast().allSatisfy { $0.upperBound % 64 == 0 && !$0.isEmpty })
    #expect(sorted.flatMap { $0 } == Array(0..<count))
  }

  /// Where another test's loop is under way, a thread makes all of its rounds by itself: so there are several attempts.
  @Test func `threads that went to sleep make rounds again`() {
    for _ in 0..<5 {
      usleep(5000)
      let threads = Mutex(Set<pthread_t>())
      for _ in 0..<1000 where threads.withLock({ $0.count < 2 }) {
        LoopThreads.shared.perform(3) { _ in
          threads.withLock { _ = $0.insert(pthread_self()) }
          usleep(2000)
        }
      }
      #expect(threads.withLock { $0.count } > 1)
    }
  }
}
