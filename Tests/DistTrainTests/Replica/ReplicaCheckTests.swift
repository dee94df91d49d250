import Collective
import Foundation
import ReplicaChecks
import Testing
import TestSupport

struct ReplicaCheckTests {
  @Test(arguments: 1...4, ReplicaCheck.all)
  func `on ranks that are threads`(_ ranks: Int, _ check: ReplicaCheck) throws {
    _ = try ThreadCommunicator.run(size: ranks) { try check.run($0) }
  }

  @Test func `eight ranks give the bits of one`() throws {
    let check = try #require(ReplicaCheck.all.first { $0.name.hasPrefix("reproducible: any number of ranks") })
    _ = try ThreadCommunicator.run(size: 8) { try check.run($0) }
  }

  @Test(.enabled(if: mpiLibraryVersion != nil, "built without MPI"), arguments: 1...4, ["shared", "mpi"])
  func `on ranks that are processes`(_ ranks: Int, _ collective: String) throws {
    let run = try MPIRun.run(ranks: ranks, product: "replica-ranks", arguments: [collective])
    #expect(run.succeeded, "\(run.report)")
    let expected = ReplicaCheck.all.map { "passed: \($0)" }
    #expect(run.output.split(separator: "\n").map(String.init) == expected, "\(run.report)")
  }

  /// Four emulated GPUs, of which each rank has one, so that NCCL adds up gradients; or one that all share.
  @Test(arguments: 1...4, mpiLibraryVersion == nil ? [false] : [false, true])
  func `on GPUs`(_ ranks: Int, _ areProcesses: Bool) throws {
    try check(ranks: ranks, areProcesses: areProcesses)
  }

  @Test(.enabled(if: mpiLibraryVersion != nil, "built without MPI"))
  func `on one GPU that ranks share`() throws {
    try check(ranks: 2, areProcesses: true, environment: ["CUDA_VISIBLE_DEVICES": "0"])
  }

  /// The others are within a step, whose sums are part of recorded work.
  @Test(.enabled(if: mpiLibraryVersion != nil, "built without MPI"))
  func `a rank on a GPU that fails ends the job, and tells why`() throws {
    let run = try runOnGPUs(ranks: 2, "gpu-failure", areProcesses: true)
    #expect(!run.succeeded && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("error: no space left, say"), "\(run.report)")
  }

  /// The others wait for the number of its samples, before a step that is recorded.
  @Test(.enabled(if: mpiLibraryVersion != nil, "built without MPI"))
  func `a rank on a GPU that is late is named`() throws {
    let run = try runOnGPUs(ranks: 2, "gpu-late", areProcesses: true)
    #expect(run.succeeded, "\(run.report)")
    #expect(
      run.errorOutput.contains(/rank 1 has waited \d+ s for rank 0 in an all-reduce \(sum\) of 4 Double/),
      "\(run.report)")
  }

  /// The others wait for its gradients.
  @Test(.enabled(if: mpiLibraryVersion != nil, "built without MPI"))
  func `ranks whose GPUs wait for one that is late say so`() throws {
    let run = try runOnGPUs(ranks: 3, "gpu-late-within", areProcesses: true)
    #expect(run.succeeded, "\(run.report)")
    for rank in 0..<3 {
      let notice = try Regex("rank \(rank) has waited \\d+ s for the sums of step 2 on the GPUs, in which")
      #expect(run.errorOutput.contains(notice) == (rank > 0), "\(run.report)")
    }
  }

  private func runOnGPUs(
    ranks: Int, _ arguments: String..., areProcesses: Bool, environment: [String: String] = [:]
  ) throws -> ProcessRun {
    try EmulatedGPU.withEnvironment { emulated in
      let environment = emulated.merging(environment) { $1 }.merging(["REPLICA_CHECKS_DEVICE": "cuda"]) { $1 }
      return areProcesses
        ? try MPIRun.run(ranks: ranks, product: "replica-ranks", arguments: arguments, environment: environment)
        : try ProcessRun.run(try BuiltProduct.url("replica-ranks"), arguments, environment: environment)
    }
  }

  private func check(ranks: Int, areProcesses: Bool, environment: [String: String] = [:]) throws {
    let run =
      areProcesses
      ? try runOnGPUs(ranks: ranks, "gpu", areProcesses: true, environment: environment)
      : try runOnGPUs(ranks: ranks, "gpu-threads", "\(ranks)", areProcesses: false)
    #expect(run.succeeded, "\(run.report)")
    let expected = ReplicaCheck.onGPUs.map { "passed: \($0)" }
    #expect(run.output.split(separator: "\n").map(String.init) == expected, "\(run.report)")
  }

  @Test(
    .enabled(if: FileManager.default.fileExists(atPath: "/proc/self/status"), "only Linux tells"),
    arguments: mpiLibraryVersion == nil ? [nil] : [nil, 1, 2])
  func `steps take no memory from the system`(_ ranks: Int?) throws {
    let run =
      if let ranks {
        try MPIRun.run(ranks: ranks, product: "replica-ranks", arguments: ["memory"])
      } else {
        try ProcessRun.run(try BuiltProduct.url("replica-ranks"), ["memory"])
      }
    #expect(run.succeeded, "\(run.report)")
    #expect(run.output == "steady: tiny\nsteady: mlp\nsteady: cnn\nsteady: cnn, 3 threads\n", "\(run.report)")
  }
}
