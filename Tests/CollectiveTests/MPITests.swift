import Collective
import Foundation
import Testing
import TestSupport

/// What needs real processes under a real `mpirun`.
@Suite(.serialized, .enabled(if: mpiLibraryVersion != nil, "built without MPI"))
struct MPITests {
  @Test(arguments: 1...4)
  func conformance(_ ranks: Int) throws {
    let run = try MPIRun.run(ranks: ranks, product: "conformance-ranks", arguments: ["conformance"])
    #expect(run.succeeded, "\(run.report)")
    let expected = CollectiveConformance.checks.map { "passed: \($0.name)" }
    #expect(run.output.split(separator: "\n").map(String.init) == expected, "\(run.report)")
  }

  @Test(arguments: 1...4)
  func `buffers longer than a message`(_ ranks: Int) throws {
    let run = try MPIRun.run(ranks: ranks, product: "conformance-ranks", arguments: ["short-messages"])
    #expect(run.succeeded, "\(run.report)")
    #expect(run.output.split(separator: "\n").count == CollectiveConformance.checks.count, "\(run.report)")
  }

  @Test func `the launch is described`() throws {
    let run = try MPIRun.run(ranks: 2, product: "conformance-ranks", arguments: ["describe"])
    #expect(run.succeeded, "\(run.report)")
    let lines = run.output.split(separator: "\n").sorted()
    try #require(lines.count == 2, "\(run.report)")
    for rank in 0..<2 {
      #expect(lines[rank].hasPrefix("rank \(rank) of 2, \(rank) of 2 on"), "\(run.report)")
      #expect(lines[rank].contains("mpirun"), "\(run.report)")
      #expect(lines[rank].contains("MPI v"), "\(run.report)")
    }
  }

  @Test func `a rank that throws ends the job with its message`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["throws"], timeout: 60)
    #expect(run.status == 1 && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput == "rank 2: thrown on purpose\n", "\(run.report)")
  }

  @Test(arguments: [
    ("fails-in-agreement", "rank 1: no data\n"),
    ("differs", "rank 0: the configuration differs on rank 1, line 1: \"seed: 1\", but \"seed: 0\" on rank 0\n"),
  ])
  func `a failure of all ranks is told once`(_ program: String, _ message: String) throws {
    let run = try MPIRun.run(ranks: 4, product: "conformance-ranks", arguments: [program], timeout: 60)
    #expect(run.status == 1 && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput == message, "\(run.report)")
  }

  @Test func `a rank that aborts ends the job with its status`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["aborts"], timeout: 60)
    #expect(run.status == 3 && !run.timedOut, "\(run.report)")
  }

  @Test func `a rank that is killed ends the job and is named`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["is-killed"], timeout: 60)
    #expect(run.status != 0 && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("process rank 2"), "\(run.report)")
    #expect(run.errorOutput.contains("signal 9"), "\(run.report)")
  }

  @Test func `a failed MPI call becomes an error with MPI's text`() throws {
    let run = try MPIRun.run(ranks: 2, product: "conformance-ranks", arguments: ["fails-in-mpi"], timeout: 60)
    #expect(run.status == 1 && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("rank 1: MPI_Bcast failed: MPI_ERR_TRUNCATE"), "\(run.report)")
  }

  @Test func `ranks that MPI does not see are an error`() throws {
    let product = try BuiltProduct.url("conformance-ranks")
    let environment = ["SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "4", "OMPI_ALLOW_RUN_AS_ROOT": "1"]
    let run = try ProcessRun.run(product, ["describe"], environment: environment, timeout: 60)
    #expect(!run.succeeded && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("srun started 4 ranks, but MPI sees 1"), "\(run.report)")
  }
}
