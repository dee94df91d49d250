import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  struct BenchOperatorsTests {
    private struct Record: Decodable {
      let `operator`: String
      let shape: String
      let world: Int
      let us: Double
      let gradients_us: Double?
    }

    private func records(of run: ProcessRun) throws -> [Record] {
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      return try run.output.split(separator: "\n").map { try JSONDecoder().decode(Record.self, from: Data($0.utf8)) }
    }

    @Test(arguments: hasMPI ? [nil, 2] : [nil])
    func `operators are timed as JSON, those that were named`(_ ranks: Int?) throws {
      let records = try records(
        of: DistTrainProgram.run(
          ["bench", "operators", "--only", "randn,x*y", "--seconds", "0.02", "--json"], ranks: ranks))
      #expect(records.map(\.operator) == ["randn", "x*y"])
      #expect(records.allSatisfy { $0.shape == "4096x1024" && $0.world == ranks ?? 1 && $0.us > 0 })
      #expect(records[0].gradients_us == nil)
      #expect(try #require(records[1].gradients_us) > 0)
    }

    @Test func `operators are timed as a table`() throws {
      let run = try DistTrainProgram.run(["bench", "operators", "--only", "relu,randn", "--seconds", "0.001"])
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let rows = run.output.split(separator: "\n").map { $0.split(separator: " ") }
      #expect(rows.map(\.count) == [6, 4, 3], "\(run.report)")
      #expect(rows[1][0] == "relu" && rows[1][1] == "4096x1024", "\(run.report)")
    }

    @Test(arguments: [
      (["--only", "relu,reulu"], "“reulu” is no operator; expected some of relu,gelu,sigmoid,"),
      (["--only", ""], "“” is no operator; expected some of relu,"),
      (["--seconds", "0"], "--seconds is 0.0, expected a number above 0"),
    ])
    func `what cannot be measured is refused`(_ arguments: [String], _ message: String) throws {
      try DistTrainProgram.run(["bench", "operators"] + arguments).expectFailure(message)
    }

    @Test func `all operators run, and PyTorch's program has the same ones`() throws {
      let records = try records(of: DistTrainProgram.run(["bench", "operators", "--seconds", "0.001", "--json"]))
      let package = VirtualCluster.launcher.deletingLastPathComponent().deletingLastPathComponent()
      let peer = try String(
        contentsOf: package.appending(path: "Benchmarks/peers/operators_pytorch.py"), encoding: .utf8)
      // A line of its table begins as `    "relu": of([4096, 1024], `; the shape may be on the next one.
      let theirs = peer.matches(of: /(?m)^    "([^"]+)": [a-z_]*\(\s*\[([0-9_, ]+)\]/).map { entry in
        let shape = entry.2.replacing("_", with: "").split(separator: ", ").joined(separator: "x")
        return "\(entry.1) \(shape)"
      }
      #expect(records.map { "\($0.operator) \($0.shape)" } == theirs)
      #expect(Set(theirs).count == theirs.count && theirs.count > 40)
    }
  }
}
