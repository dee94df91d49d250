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
}
