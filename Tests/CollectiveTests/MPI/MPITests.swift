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

  @Test(arguments: ["shared-conformance", "small-slots", "made-up-nodes", "unequal-nodes"], 2...4)
  func `conformance in a shared window`(_ program: String, _ ranks: Int) throws {
    let run = try MPIRun.run(ranks: ranks, product: "conformance-ranks", arguments: [program])
    #expect(run.succeeded, "\(run.report)")
    let expected = CollectiveConformance.checks.map { "passed: \($0.name)" }
    #expect(run.output.split(separator: "\n").map(String.init) == expected, "\(run.report)")
  }

  @Test(arguments: 1...4)
  func `memory is shared where that is possible`(_ ranks: Int) throws {
    let run = try MPIRun.run(ranks: ranks, product: "conformance-ranks", arguments: ["sharing"], timeout: 60)
    #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
    #expect(run.output == (ranks == 1 ? "MPI_Allreduce\n" : "shared window, in place\n"), "\(run.report)")
  }

  @Test(arguments: [
    ("osc", "^sm", "MPI_Win_allocate_shared failed"),
    ("osc_sm_backing_directory", "/nonexistent", "/nonexistent: No such file or directory"),
  ])
  func `where memory cannot be shared MPI does the work, and rank 0 says why`(
    _ parameter: String, _ value: String, _ reason: String
  ) throws {
    let run = try MPIRun.run(
      ranks: 3, product: "conformance-ranks", arguments: ["sharing"], launcherArguments: ["--mca", parameter, value],
      timeout: 60)
    #expect(run.succeeded, "\(run.report)")
    #expect(run.output == "MPI_Allreduce\n", "\(run.report)")
    let notices = run.errorOutput.components(separatedBy: "note: all-reduce by MPI: the ranks cannot share memory: ")
    #expect(notices.count == 2 && notices[1].hasPrefix(reason), "\(run.report)")
  }

  @Test func `a rank that is late in a shared window is named`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["stalls-shared"], timeout: 60)
    #expect(run.succeeded, "\(run.report)")
    for rank in 0..<2 {
      let notice = "rank \(rank) has waited 0 s for rank 2 in an all-reduce (sum) of 1 Float\n"
      #expect(run.errorOutput.contains(notice), "\(run.report)")
      // After 0.2, 0.4 and 0.8 of its 1.5 s.
      let count = run.errorOutput.components(separatedBy: "rank \(rank) has waited").count - 1
      #expect(count <= 5, "\(run.report)")
    }
  }

  @Test func `a rank that has ended says so while others go on`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["ends-late"], timeout: 60)
    #expect(run.succeeded, "\(run.report)")
    let notice = "rank 0 has waited 0 s for other ranks in MPI_Finalize, for it has ended its own program\n"
    #expect(run.errorOutput.contains(notice), "\(run.report)")
  }

  @Test(arguments: 1...4)
  func `what all ranks fail of is told once`(_ ranks: Int) throws {
    let run = try MPIRun.run(ranks: ranks, product: "conformance-ranks", arguments: ["throws-alike"], timeout: 60)
    #expect(run.status == 1, "\(run.report)")
    let lines = run.errorOutput.split(separator: "\n").filter { $0.contains("thrown by all") }
    // A rank that is heard too has waited more than two seconds for the launcher to end it.
    #expect(lines.first == "rank 0: thrown by all" && (ranks == 1 || lines.count < ranks), "\(run.report)")
  }

  @Test func `of ranks that trap alike rank 0 is heard`() throws {
    let run = try MPIRun.run(
      ranks: 3, product: "conformance-ranks", arguments: ["traps-alike"],
      environment: ["SWIFT_BACKTRACE": "enable=no"], timeout: 60)
    #expect(!run.succeeded && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("Fatal error: rank 0: rank 7 is not one of 2"), "\(run.report)")
    #expect(run.errorOutput.components(separatedBy: "Fatal error").count == 2, "\(run.report)")
  }

  /// The first ranks of the nodes wait for each other, and that of the late one's node for it.
  @Test func `a rank that is late on another node is named`() throws {
    let run = try MPIRun.run(ranks: 6, product: "conformance-ranks", arguments: ["stalls-on-nodes"], timeout: 60)
    #expect(run.succeeded, "\(run.report)")
    for (rank, awaited) in [(0, "4 on \(ProcessInfo.processInfo.hostName)"), (1, "0"), (4, "5")] {
      let notice = try Regex(
        "rank \(rank) has waited \\d+ s for rank \(awaited) in an all-reduce \\(sum\\) of 1 Float\n")
      #expect(run.errorOutput.contains(notice), "\(run.report)")
    }
    #expect(!run.errorOutput.contains(/rank 5 has waited \d+ s for rank/), "\(run.report)")
    for rank in 0..<6 {
      let notice = try Regex("rank \(rank) has waited \\d+ s for other ranks in MPI_Ibarrier\n")
      #expect(run.errorOutput.contains(notice) == (rank != 1), "\(run.report)")
    }
  }

  @Test func `a rank that is late for a sum in 16 bits is named`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["stalls-in-16-bits"], timeout: 60)
    #expect(run.succeeded, "\(run.report)")
    for rank in 0..<2 {
      let notice = try Regex("rank \(rank) has waited \\d+ s for rank 2 in a sum of 64 Float in 16 bits\n")
      #expect(run.errorOutput.contains(notice), "\(run.report)")
    }
  }

  /// Their lanes meet the nodes in another order.
  @Test func `sums between nodes have the same bits however ranks are placed`() throws {
    let run = try MPIRun.run(ranks: 6, product: "conformance-ranks", arguments: ["crossed-nodes"], timeout: 60)
    #expect(run.succeeded, "\(run.report)")
  }

  @Test func `ranks that are long in a call of MPI's say so`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["stalls-in-mpi"], timeout: 60)
    #expect(run.succeeded, "\(run.report)")
    for rank in 0..<3 {
      let notice = "rank \(rank) has waited 0 s for other ranks in MPI_Allreduce\n"
      #expect(run.errorOutput.contains(notice) == (rank < 2), "\(run.report)")
    }
  }

  @Test func `a rank that is killed while others wait in a shared window ends the job and is named`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["is-killed-shared"], timeout: 60)
    #expect(run.status != 0 && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("process rank 2"), "\(run.report)")
    #expect(run.errorOutput.contains("signal 9"), "\(run.report)")
  }

  @Test(arguments: [("different-calls-shared", 9), ("empty-call-shared", 0)])
  func `different calls in a shared window end the job`(_ program: String, _ count: Int) throws {
    let run = try MPIRun.run(ranks: 2, product: "conformance-ranks", arguments: [program], timeout: 60)
    #expect(run.status == 1 && !run.timedOut, "\(run.report)")
    let message =
      "rank 0 called an all-reduce (sum) of 10 Float while rank 1 called an all-reduce (sum) of \(count) Float"
    #expect(run.errorOutput.contains(message), "\(run.report)")
  }

  @Test func `a rank whose program has returned is not waited for in a shared window`() throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: ["leaves-early-shared"], timeout: 60)
    #expect(run.status == 1 && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("rank 1 ended without taking part in a barrier"), "\(run.report)")
  }

  /// Rank 0 gets less than it expects; rank 1 is told by MPI that its message is cut, or ended.
  @Test func `different calls on two nodes end the job`() throws {
    let run = try MPIRun.run(
      ranks: 2, product: "conformance-ranks", arguments: ["different-calls-on-nodes"], timeout: 60)
    #expect(run.status != 0 && !run.timedOut, "\(run.report)")
    let messages = [
      "rank 1 sent 36 bytes, expected 40, in an all-reduce (sum) of 10 Float", "MPI_ERR_TRUNCATE",
    ]
    #expect(messages.contains { run.errorOutput.contains($0) }, "\(run.report)")
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
    ("differs", "rank 0: the configuration differs on rank 1: seed is 1, but 0 on rank 0\n"),
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
    #expect(run.errorOutput.contains("rank 1: MPI_Ibcast failed: MPI_ERR_TRUNCATE"), "\(run.report)")
  }

  @Test(arguments: [
    ("sends-less", "rank 1: rank 0 sent 5 elements with tag 3, expected 10"),
    ("sends-more", "rank 1: MPI_Irecv failed: MPI_ERR_TRUNCATE"),
  ])
  func `a message of another count is an error of its receiver`(_ program: String, _ message: String) throws {
    let run = try MPIRun.run(ranks: 2, product: "conformance-ranks", arguments: [program], timeout: 60)
    #expect(run.status == 1 && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains(message), "\(run.report)")
  }

  @Test(arguments: ["gathers-more", "exchanges-more"])
  func `several messages of other counts are an error of their receiver`(_ program: String) throws {
    let run = try MPIRun.run(ranks: 3, product: "conformance-ranks", arguments: [program], timeout: 60)
    #expect(run.status == 1 && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("rank 0: MPI_Irecv failed: MPI_ERR_TRUNCATE"), "\(run.report)")
  }

  @Test func `ranks that MPI does not see are an error`() throws {
    let product = try BuiltProduct.url("conformance-ranks")
    let environment = ["SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "4", "OMPI_ALLOW_RUN_AS_ROOT": "1"]
    let run = try ProcessRun.run(product, ["describe"], environment: environment, timeout: 60)
    #expect(!run.succeeded && !run.timedOut, "\(run.report)")
    #expect(run.errorOutput.contains("srun started 4 ranks, but MPI sees 1"), "\(run.report)")
  }
}
