import Autograd
import Dispatch
import Synchronization
import Testing

struct ElementsTests {
  /// The converted copy that `item()` and `array()` read from must outlive the reading, whatever other threads take from
  /// the memory cache meanwhile.
  @Test func readingIsSafeWhileOtherThreadsAllocate() {
    let wrong = Mutex(0)
    DispatchQueue.concurrentPerform(iterations: 8) { thread in
      for step in 0..<2000 {
        let value = Double(thread * 2000 + step)
        let tensor = Tensor([value])
        if tensor.item() != value || tensor.array(of: Double.self) != [value] { wrong.withLock { $0 += 1 } }
      }
    }
    #expect(wrong.withLock { $0 } == 0)
  }
}
