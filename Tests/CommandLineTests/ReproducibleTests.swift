import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// `--reproducible`: the same bits on any number of processes.
  @Suite(.enabled(if: hasMPI, "built without MPI"))
  struct ReproducibleTests {
    /// The bytes of the trained model, and the losses.
    private func trained(_ model: String, ranks: Int, _ collective: String) throws -> (
      weights: [UInt8], losses: [Double]
    ) {
      let data = try SyntheticData()
      let run = try DistTrainProgram.run(
        data.train(
          "--model", model, "--reproducible", "8", "--steps", "7", "--collective", collective), ranks: ranks)
      #expect(run.succeeded, "\(run.report)")
      #expect(run.errorOutput.contains(" 1 thread each"), "\(run.report)")
      return (try contents(data.run.model), try MetricsHistory(path: data.run.metrics).training.map(\.loss))
    }

    @Test(arguments: [("mlp", "shared"), ("cnn", "mpi")])
    func `one, two, four and eight processes train the same weights`(_ model: String, _ collective: String) throws {
      let alone = try trained(model, ranks: 1, collective)
      #expect(alone.losses.count == 7 && alone.losses.first != alone.losses.last)
      for ranks in [2, 4, 8] { #expect(try trained(model, ranks: ranks, collective) == alone, "\(ranks) ranks") }
    }

    @Test func `a number of processes that does not divide the shards is refused once`() throws {
      let run = try DistTrainProgram.run(SyntheticData().train("--reproducible", "8"), ranks: 3, timeout: 60)
      run.expectFailure(
        "--reproducible 8 on 3 ranks: the number of ranks must divide that of the shards, as 1, 2, 4, 8 do")
    }

    @Test func `a run in pieces has the losses of one that is not`() throws {
      func losses(_ arguments: String...) throws -> [Double] {
        let data = try SyntheticData()
        let run = try DistTrainProgram.run(
          data.train("--precision", "float64", "--steps", "7") + arguments, ranks: 2)
        #expect(run.succeeded, "\(run.report)")
        return try MetricsHistory(path: data.run.metrics).training.map(\.loss)
      }
      let (whole, pieces) = (try losses(), try losses("--accumulate", "3"))
      #expect(whole.count == 7 && pieces.count == 7)
      #expect(zip(whole, pieces).allSatisfy { abs($0 - $1) < 1e-12 })
    }
  }
}
