import Collective
import Foundation
import TestSupport

// One rank of the tests that need `mpirun`. The argument names what the rank does.
let arguments = CommandLine.arguments.dropFirst()
do {
  let program = try RankProgram(named: arguments.first ?? "conformance")
  let communicator = try program.makeCommunicator()
  do {
    try program.run(communicator)
    try communicator.finalize()
  } catch {
    communicator.fail(error) { RankProgram.report("rank \(communicator.rank): \($0)") }
  }
} catch {
  RankProgram.report("\(error)")
  exit(1)
}
