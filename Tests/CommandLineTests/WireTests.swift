import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// What travels between ranks, and who keeps what, under a real `mpirun`.
  @Suite(.enabled(if: hasMPI, "built without MPI"))
  struct WireTests {
    private func run(_ data: SyntheticData, ranks: Int, _ arguments: String...) throws -> ProcessRun {
      try DistTrainProgram.run(
        data.train("--steps", "5", "--verify-replicas", "1") + arguments, ranks: ranks, timeout: 120)
    }

    /// Sums are made in the order of the ranks in shared memory; of two numbers there is one sum.
    @Test(arguments: [(2, "shared"), (3, "shared"), (4, "shared"), (2, "mpi")])
    func `a sharded optimizer gives the same model and checkpoint`(_ ranks: Int, _ collective: String) throws {
      let (whole, sharded) = (try SyntheticData(), try SyntheticData())
      let first = try run(whole, ranks: ranks, "--collective", collective)
      #expect(first.succeeded, "\(first.report)")
      let second = try run(sharded, ranks: ranks, "--collective", collective, "--shard-optimizer")
      #expect(second.succeeded, "\(second.report)")
      #expect(try contents(sharded.run.model) == contents(whole.run.model))
      #expect(try contents(sharded.run.checkpoint) == contents(whole.run.checkpoint))
    }

    @Test(arguments: ["bfloat16", "float16", "powersgd-4"])
    func `compressed gradients train, with the same bits on all ranks`(_ compression: String) throws {
      let (exact, compressed) = (try SyntheticData(), try SyntheticData())
      let first = try run(exact, ranks: 3, "--collective", "mpi")
      #expect(first.succeeded, "\(first.report)")
      let second = try run(compressed, ranks: 3, "--collective", "mpi", "--compress", compression)
      #expect(second.succeeded, "\(second.report)")
      #expect(try contents(compressed.run.model) != contents(exact.run.model))
      let losses = try [exact, compressed].map { try MetricsHistory(path: $0.run.metrics).training.map(\.loss) }
      #expect(losses[0].count == 5 && losses[1].count == 5 && losses[0][0] == losses[1][0])
      #expect(losses[1].allSatisfy(\.isFinite) && losses[1][4] < losses[1][0], "\(losses)")
    }

    @Test func `ranks that share memory have nothing to compress, nor has one process`() throws {
      let data = try SyntheticData()
      for arguments in [data.train(), ["bench", "step", "--workload", "tiny", "--seconds", "1000"]] {
        let compressing = arguments + ["--compress", "bfloat16"]
        try DistTrainProgram.run(compressing, ranks: 2, timeout: 60).expectFailure(
          "--compress bfloat16 saves bytes between nodes, but these ranks add in memory that they share; "
            + "--collective mpi makes them send messages")
        try DistTrainProgram.run(compressing, timeout: 60).expectFailure(
          "--compress bfloat16 saves bytes between ranks, but one process alone sends none")
      }
      #expect(!data.run.holdsRun)
    }
  }
}
