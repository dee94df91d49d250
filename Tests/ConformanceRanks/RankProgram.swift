import Collective
import Foundation
import TestSupport

/// What a rank does under `mpirun`, by name.
enum RankProgram {
  static func run(_ name: String, _ communicator: any Communicator) throws {
    switch name {
    case "conformance": try conformance(communicator)
    case "throws": try failAlone(communicator) { throw ConformanceFailure(description: "thrown on purpose") }
    case "aborts": try failAlone(communicator) { communicator.abort(3) }
    case "is-killed": try failAlone(communicator) { kill(getpid(), SIGKILL) }
    default: throw ConformanceFailure(description: "no program \(name)")
    }
  }

  /// Runs every check; rank 0 prints the name of each once all ranks have passed it.
  private static func conformance(_ communicator: any Communicator) throws {
    for check in CollectiveConformance.checks {
      do {
        try check.run(communicator)
      } catch {
        throw ConformanceFailure(description: "\(check.name): \(error)")
      }
      try communicator.barrier()
      if communicator.rank == 0 { print("passed: \(check.name)") }
    }
  }

  /// The last rank fails while the others wait for it.
  private static func failAlone(_ communicator: any Communicator, _ fail: () throws -> Void) throws {
    try communicator.barrier()
    if communicator.rank == communicator.size - 1 { try fail() }
    try communicator.barrier()
  }
}
