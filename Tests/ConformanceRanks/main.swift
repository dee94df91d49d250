import Collective
import Foundation
import TestSupport

// One rank of the tests that need `mpirun`. The argument names what the rank does.
let communicator = try launchedCommunicator()
do {
  try RankProgram.run(CommandLine.arguments.dropFirst().first ?? "conformance", communicator)
  try communicator.finalize()
} catch {
  FileHandle.standardError.write(Data("rank \(communicator.rank): \(error)\n".utf8))
  communicator.abort(1)
}
