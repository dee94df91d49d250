import Autograd
import Collective
import DistTrain
import Foundation

/// Runs `body` as one of the launched ranks, and ends all of them when it fails on any.
///
/// One message is printed, by the rank that failed.
func runAsRank(_ body: (any Communicator) throws -> Void) -> Never {
  let communicator: any Communicator
  do {
    communicator = try launchedCommunicator()
  } catch {
    fail(error)
  }
  BLAS.threadCount = threadsPerRank(communicator)
  do {
    try body(communicator)
    try communicator.finalize()
    exit(0)
  } catch {
    communicator.fail(error, report: printError)
  }
}

/// Cores for each rank of this node: those that the rank is bound to, or an equal part of all.
func threadsPerRank(_ communicator: any Communicator) -> Int {
  let bound = Processor.boundCores
  return max(1, bound < Processor.onlineCores ? bound : Processor.onlineCores / communicator.localSize)
}

/// Prints on standard error what a person should know.
func printNotice(_ text: String) {
  FileHandle.standardError.write(Data("note: \(text)\n".utf8))
}

/// Prints what went wrong on standard error.
func printError(_ error: any Error) {
  FileHandle.standardError.write(Data("error: \(error)\n".utf8))
}

/// Prints what went wrong and ends this process.
func fail(_ error: any Error) -> Never {
  printError(error)
  exit(1)
}
