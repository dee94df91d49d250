import Collective
import Testing
import TestSupport

@Suite struct ConformanceTests {
  @Test(arguments: CollectiveConformance.checks)
  func `one process`(_ check: CollectiveConformance.Check) throws {
    try check.run(LocalCommunicator())
  }

  @Test(arguments: 1...5, CollectiveConformance.checks)
  func threads(_ size: Int, _ check: CollectiveConformance.Check) throws {
    _ = try ThreadCommunicator.run(size: size) { try check.run($0) }
  }

  @Test(arguments: 1...5)
  func `threads that share a window`(_ size: Int) throws {
    for slotByteCount in [100, 128 << 10] {
      _ = try ThreadCommunicator.run(size: size) { threads in
        let communicator = try SharedCommunicator(threads, slotByteCount: slotByteCount)
        for check in CollectiveConformance.checks {
          do { try check.run(communicator) } catch {
            throw ConformanceFailure(description: "\(check.name): \(error)")
          }
        }
      }
    }
  }

  @Test(arguments: [[1, 1], [2, 2], [1, 3], [3, 1, 2], [4, 1]])
  func `threads on several nodes`(_ ranksPerNode: [Int]) throws {
    for slotByteCount in [4 << 10, 128 << 10] {
      _ = try ThreadCommunicator.run(ranksPerNode: ranksPerNode) { threads in
        let communicator = try SharedCommunicator(threads, slotByteCount: slotByteCount)
        for check in CollectiveConformance.checks {
          do { try check.run(communicator) } catch {
            throw ConformanceFailure(description: "\(check.name): \(error)")
          }
        }
      }
    }
  }
}
