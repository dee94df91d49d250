import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

/// The built `disttrain`, run as a person would.
enum DistTrainProgram {
  /// Runs it as `ranks` processes under `mpirun`, or by itself where that is nil.
  ///
  /// A run that takes longer than `timeout` seconds hangs, and has not succeeded.
  static func run(
    _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:], directory: String? = nil,
    timeout: TimeInterval = 300, whileRunning: (Int32) -> Void = { _ in }
  ) throws -> ProcessRun {
    let directory = directory.map { URL(filePath: $0) }
    guard let ranks else {
      return try ProcessRun.run(
        try BuiltProduct.url("disttrain"), arguments, environment: environment, directory: directory, timeout: timeout,
        whileRunning: whileRunning)
    }
    return try MPIRun.run(
      ranks: ranks, product: "disttrain", arguments: arguments, environment: environment, directory: directory,
      timeout: timeout, whileRunning: whileRunning)
  }
}

extension ProcessRun {
  /// The lines of standard error, but for the complaints of `mpirun`'s event loop about pipes that a job left open.
  var lines: [String] {
    errorOutput.split(separator: "\n").map(String.init).filter { !$0.hasPrefix("[warn] Epoll ") }
  }

  /// The lines of standard error that start as our messages do.
  var messages: [String] { lines.filter { $0.lowercased().hasPrefix("error: ") } }

  /// Fails the test unless the run failed by itself, with this one message and nothing that a crash leaves.
  func expectFailure(
    _ message: String, sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(status != 0 && !wasSignalled && !timedOut, "\(report)", sourceLocation: sourceLocation)
    #expect(messages.count == 1, "\(report)", sourceLocation: sourceLocation)
    #expect(messages.first?.contains(message) == true, "\(report)", sourceLocation: sourceLocation)
    let traces = ["Fatal error", "Crash", "Thread 0", "*** Process received signal", "MPI_ABORT was invoked"]
    for trace in traces {
      #expect(!errorOutput.contains(trace), "\(report)", sourceLocation: sourceLocation)
    }
  }
}

/// All tests of the program, one after the other: each uses all cores.
@Suite(.serialized)
enum DistTrainProgramTests {}

/// Whether `mpirun` can be tested at all.
let hasMPI = mpiLibraryVersion != nil
