import Collective
import Foundation
import Testing

/// A shared window in memory that holds something already.
struct UsedMemoryTests {
  /// MPI does not say that its windows hold zeros.
  @Test func `what was in the memory before is no announcement`() throws {
    /// Memory of ones, as if all steps were announced, which one rank is late to clear.
    final class UsedMemory: WrappedThreads {
      override func makeSharedMemory(byteCount: Int) throws -> SharedMemory {
        let memory = try super.makeSharedMemory(byteCount: byteCount)
        memory.parts[rank].initializeMemory(as: UInt64.self, repeating: 1, count: byteCount / 8)
        try base.barrier()
        if rank > 0 { Thread.sleep(forTimeInterval: 0.2) }
        return memory
      }
    }
    let sums = try ThreadCommunicator.run(size: 2) { threads in
      try SharedCommunicator(UsedMemory(threads)).allReduced(Int64(threads.rank + 2), .sum)
    }
    #expect(sums == [5, 5])
  }
}
