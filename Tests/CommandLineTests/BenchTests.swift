import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  struct BenchTests {
    private func json(_ line: some StringProtocol) throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    /// The batches of the two larger workloads are smaller than theirs, which would take long.
    @Test(arguments: [
      ("tiny", 50, []), ("mlp", 128, []), ("tiny", 50, ["--precision", "bfloat16"]), ("cnn", 8, ["--batch", "8"]),
      ("wide", 2, ["--batch", "2", "--buckets", "64KiB,2MiB"]),
    ])
    func `a step's time is one line of JSON`(_ workload: String, _ batch: Int, _ more: [String]) throws {
      let run = try DistTrainProgram.run(
        ["bench", "step", "--workload", workload, "--seconds", "0.1", "--json"] + more, ranks: hasMPI ? 2 : nil)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      #expect(run.output.filter { $0 == "\n" }.count == 1, "\(run.report)")
      let record = try json(run.output)
      #expect(record["workload"] as? String == workload)
      #expect(record["world"] as? Int == (hasMPI ? 2 : 1))
      #expect(record["batch_per_rank"] as? Int == batch)
      let sizes = try #require(record["buckets"] as? String)
      let origin = try #require(record["buckets_origin"] as? String)
      if workload == "wide" {
        #expect(sizes == "64KiB,2MiB" && origin == "given")
      } else {
        #expect(BucketSizes(sizes) != nil && origin == (hasMPI && workload != "tiny" ? "measured" : "standard"))
      }
      let rate = try #require(record["samples_per_s"] as? Double)
      let step = try #require(record["step_us"] as? Double)
      let expected = Double(batch * (hasMPI ? 2 : 1)) / step * 1e6
      #expect(abs(rate / expected - 1) < 0.01)
      let operations = try #require(record["tflops"] as? Double) * 1e6 * step
      let multiplyAdds = try #require(Workload(rawValue: workload)).multiplyAddsPerSample * batch
      #expect(abs(operations / Double(2 * multiplyAdds) - 1) < 0.01)
    }

    @Test func `a perceptron of any widths can be measured`() throws {
      let run = try DistTrainProgram.run(
        ["bench", "step", "--model", "30-20-4", "--batch", "6", "--seconds", "0.05", "--json"],
        ranks: hasMPI ? 2 : nil)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let record = try json(run.output)
      #expect(record["workload"] as? String == "30-20-4" && record["batch_per_rank"] as? Int == 6, "\(run.report)")
      let refused = try DistTrainProgram.run(["bench", "step", "--model", "30-20-4", "--batch", "999999999999999999"])
      refused.expectFailure(
        "a batch of 999999999999999999 samples of 30 numbers on each of 1 rank(s), expected at most 17895697: 4 steps")
    }

    @Test func `a loader's time is one line of JSON`() throws {
      let run = try DistTrainProgram.run(
        ["bench", "loader", "--augment", "both", "--batch", "30", "--seconds", "0.05", "--json"],
        ranks: hasMPI ? 2 : nil)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let record = try json(run.output)
      #expect(record["world"] as? Int == (hasMPI ? 2 : 1) && record["batch_per_rank"] as? Int == 30, "\(run.report)")
      let rate = try #require(record["samples_per_s"] as? Double)
      let time = try #require(record["batch_us"] as? Double)
      #expect(abs(rate * time / Double(30 * (hasMPI ? 2 : 1)) / 1e6 - 1) < 0.01, "\(run.report)")
    }

    @Test(arguments: [
      (["--batch", "60001"], "a batch of 60001 on each of 1 rank(s) is more than the 60000 samples that there are"),
      (["--image-size", "64"], "--image-size is 64, expected none with --model cnn, which takes one size"),
      (["--augment", "crop"], "--augment is crop, expected none, shift, flip or both: images of MNIST's"),
      (["--seconds", "0"], "--seconds is 0.0, expected a number above 0"),
      (["--batch", "0"], "--batch is 0, expected at least 1"),
      (["--data", "/dev/null/x"], "/dev/null/x"),
    ])
    func `a loader of what cannot be is refused`(_ arguments: [String], _ message: String) throws {
      try DistTrainProgram.run(["bench", "loader"] + arguments).expectFailure(message)
    }

    @Test func `the ceilings of the machine are a table and JSON`() throws {
      let run = try DistTrainProgram.run(["bench", "roofline", "--json"])
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let record = try json(run.output)
      let names =
        ["multiply_adds", "memory_read", "memory_copy", "memory_change"] + [256, 1024, 2048].map { "product_\($0)" }
      #expect(Set(record.keys) == Set(names))
      for name in names { #expect((record[name] as? Double ?? 0) > 1e6, "\(name) in \(run.report)") }
      let table = try DistTrainProgram.run(["bench", "roofline"], ranks: hasMPI ? 2 : nil)
      #expect(table.succeeded && table.output.split(separator: "\n").count == names.count, "\(table.report)")
    }

    @Test(arguments: hasMPI ? [nil, 2] : [nil])
    func `products are timed as a table`(_ ranks: Int?) throws {
      let run = try DistTrainProgram.run(["bench", "products", "--workload", "tiny"], ranks: ranks)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let rows = run.output.split(separator: "\n")
      #expect(rows.count == 2 + 3 * 3, "\(run.report)")
      #expect(rows[9].hasPrefix("|  | g·W | 50 × 8 × 3 |"), "\(run.report)")
    }

    @Test func `a precision that the processor does not have is refused`() throws {
      let refused = try DistTrainProgram.run(["bench", "step", "--workload", "tiny", "--precision", "tf32"])
      #expect(!refused.succeeded && refused.errorOutput.contains("tf32 needs --device cuda"), "\(refused.report)")
    }

    @Test(arguments: hasMPI ? [nil, 2] : [nil])
    func `the recording of operations is timed in three lines`(_ ranks: Int?) throws {
      let run = try DistTrainProgram.run(["bench", "graph", "--operations", "10", "--chains", "3"], ranks: ranks)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let lines = run.output.split(separator: "\n")
      #expect(lines.count == 3 && lines.allSatisfy { $0.hasSuffix(" ns each") }, "\(run.report)")
    }

    @Test func `all-reduces are timed as JSON and as a table`() throws {
      let arguments = ["bench", "allreduce", "--sizes", "1K,64K", "--seconds-per-size", "0.05"]
      let run = try DistTrainProgram.run(arguments + ["--json"], ranks: hasMPI ? 2 : nil)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let records = try run.output.split(separator: "\n").map { try json($0) }
      #expect(records.map { $0["bytes"] as? Int } == [1024, 65536], "\(run.report)")
      #expect(records.allSatisfy { $0["world"] as? Int == (hasMPI ? 2 : 1) }, "\(run.report)")
      #expect(
        records.allSatisfy { ($0["us"] as? Double ?? 0) > 0 && ($0["mpi_us"] as? Double ?? 0) > 0 }, "\(run.report)")
      let table = try DistTrainProgram.run(arguments)
      #expect(table.succeeded && table.output.split(separator: "\n").count == 3, "\(table.report)")
    }
  }
}
