import Autograd
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
}
