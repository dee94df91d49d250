import Autograd
import CKernels
import Collective
@preconcurrency import Foundation  // for `stdout`

/// Runs `body` as one of the ranks that `mpirun`, `srun` or the like launched, or alone, and ends the process.
///
///     runAsRank { communicator in
///       let replica = try Replica(model, SGD.Options(learningRate: 0.1), communicator: communicator)
///       …
///     }
///
/// Gradients and other all-reduces go through memory that the ranks of a node share, where there is such memory: a note on
/// standard error says why where there is not. `body` does not call ``Communicator/finalize()``.
///
/// Operations use as many threads as the rank has cores to itself, or `OMP_NUM_THREADS` says. When `body` throws on any
/// rank, or what it printed could not be written, all end, and one message is printed, by the rank that failed. An
/// ``Interruption``, which all ranks throw, ends them in good order, with its status.
///
/// - Parameters:
///   - collective: `.mpi` for all-reduces by the MPI library alone.
///   - body: What each rank does, with the group of all ranks.
public func runAsRank(
  collective: CollectiveChoice = .shared, _ body: (any Communicator) throws -> Void
) -> Never {
  StandardStreams.open()
  // A trap loses what is in a buffer.
  setvbuf(stdout, nil, _IOLBF, 0)
  // Pictures come and go by the megabyte.
  dt_keep_freed_memory()
  // Before MPI has threads.
  OpenBLASCore.correct()
  let world: any Communicator
  do {
    world = try launchedCommunicator()
  } catch {
    fail(error)
  }
  do {
    let share = try world.threadsOfThisRank()
    BLAS.threadCount = try world.agree(on: "reading OMP_NUM_THREADS") {
      try CoreShare.requestedThreadCount(ProcessInfo.processInfo.environment) ?? share
    }
    let communicator = collective == .shared ? try world.sharingMemory(notify: printNotice) : world
    var status: Int32 = 0
    do {
      try body(communicator)
    } catch let interruption as Interruption {
      if world.rank == 0 { printLine("\(interruption)") }
      status = interruption.status
    }
    guard fflush(stdout) == 0 && ferror(stdout) == 0 else {
      throw FileError("standard output", "not all of what was printed could be written")
    }
    try communicator.finalize()
    exit(status)
  } catch let failure as ReportedFailure {
    fflush(nil)
    world.fail(failure) { _ in }
  } catch {
    world.fail(error, report: printError)
  }
}

/// A failure that was told on standard output already; the process only has to end with a status that says so.
package struct ReportedFailure: Error {
  package init() {}
}

/// Batches to make ahead of time: one where this rank has a core to spare for the thread that makes it.
package var batchesAhead: Int { BLAS.threadCount > 1 ? 1 : 0 }

/// Prints on standard error what a person should know.
package func printNotice(_ text: String) {
  printLine("note: \(text)")
}

/// Prints what went wrong on standard error.
private func printError(_ error: any Error) {
  printLine("error: \(error)")
}

private func printLine(_ text: String) {
  StandardStreams.writeError("\(text)\n")
}

/// Prints what went wrong and ends this process.
package func fail(_ error: any Error) -> Never {
  printError(error)
  exit(1)
}
