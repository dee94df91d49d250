import Collective
import Foundation
import ReplicaChecks
import Testing
import TestSupport

/// Signals go to whole processes, so that these are not the tests' own.
struct InterruptionTests {
  @Test(arguments: 1...4)
  func `all ranks are told of one that was asked to end: threads`(_ ranks: Int) throws {
    let run = try ProcessRun.run(try BuiltProduct.url("replica-ranks"), ["interruption-threads", "\(ranks)"])
    #expect(run.succeeded, "\(run.report)")
  }

  @Test(.enabled(if: mpiLibraryVersion != nil, "built without MPI"), arguments: 1...4)
  func `all ranks are told of one that was asked to end: processes`(_ ranks: Int) throws {
    let run = try MPIRun.run(ranks: ranks, product: "replica-ranks", arguments: ["interruption"])
    #expect(run.succeeded, "\(run.report)")
  }

  /// Where the GPUs add up gradients themselves, and where they do not.
  @Test(arguments: 1...4, [[:], ["CUDA_VISIBLE_DEVICES": "0"]])
  func `all ranks are told of one that was asked to end: on GPUs`(_ ranks: Int, _ visible: [String: String]) throws {
    let run = try EmulatedGPU.withEnvironment { environment in
      try ProcessRun.run(
        try BuiltProduct.url("replica-ranks"), ["interruption-threads", "\(ranks)"],
        environment: environment.merging(visible) { $1 }.merging(["REPLICA_CHECKS_DEVICE": "cuda"]) { $1 })
    }
    #expect(run.succeeded, "\(run.report)")
  }

  @Test func `a signal that comes twice ends the process`() throws {
    let run = try ProcessRun.run(try BuiltProduct.url("replica-ranks"), ["interruption-twice"])
    #expect(run.wasSignalled && run.status == SIGUSR1 && run.output == "asked once\n", "\(run.report)")
  }

  @Test func `a signal that the process was started to ignore stays ignored`() throws {
    let command = "trap '' USR1; exec \"$0\" interruption-twice"
    let run = try ProcessRun.run(
      URL(filePath: "/bin/sh"), ["-c", command, try BuiltProduct.url("replica-ranks").path])
    #expect(run.succeeded && run.output == "asked once\nasked twice\n", "\(run.report)")
  }
}
