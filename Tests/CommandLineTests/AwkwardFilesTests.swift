import DistTrain
import Foundation
import Testing
import TestSupport

#if os(Linux)
  extension DistTrainProgramTests {
    /// Runs whose files are as awkward as POSIX allows: `Tests/FaultyFiles` says how.
    @Suite struct AwkwardFilesTests {
      let data: SyntheticData

      init() throws { data = try SyntheticData() }

      /// A run with a checkpoint after the third step, among others.
      private func train(_ environment: [String: String] = [:], on data: SyntheticData) throws -> ProcessRun {
        var environment = environment
        environment["LD_PRELOAD"] = try BuiltProduct.url("libFaultyFiles.so").path
        return try DistTrainProgram.run(
          data.train("--epochs", "2", "--checkpoint-every", "3"), environment: environment, timeout: 120)
      }

      @Test func `partial and interrupted calls change nothing`() throws {
        let run = try train(on: data)
        #expect(run.succeeded && run.messages.isEmpty, "\(run.report)")
        let plain = try SyntheticData()
        let other = try DistTrainProgram.run(plain.train("--epochs", "2", "--checkpoint-every", "3"), timeout: 120)
        #expect(other.succeeded, "\(other.report)")
        #expect(try contents(data.run.model) == contents(plain.run.model))
        for file in [data.run.metrics, plain.run.metrics] {
          #expect(try MetricsHistory(path: file).training.map(\.step) == Array(1...12))
        }
      }

      @Test func `what has a name is on the disk`() throws {
        let run = try train(["FAULTY_FILES_RECORD": "\(data.path)/record"], on: data)
        #expect(run.succeeded, "\(run.report)")
        let record = try String(contentsOfFile: "\(data.path)/record", encoding: .utf8)
          .split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
        let files = record.filter { $0[0] == "rename" }.map { $0[2] }
        let expected = ["config.yaml", "checkpoint.safetensors", "best.safetensors", "model.safetensors", "curve.svg"]
        #expect(Set(files).isSuperset(of: expected), "\(files)")
        var isMetricsOnDisk = true
        for (number, call) in record.enumerated() {
          if call[1] == "metrics.jsonl" { isMetricsOnDisk = call[0] == "sync" }
          guard call[0] == "rename" else { continue }
          // The folder after it, and before it the file, of which nothing is written later.
          #expect(record[number + 1] == ["sync", "run"], "\(call)")
          #expect(record[number - 1] == ["sync", call[1]], "\(call)")
          #expect(record[(number + 1)...].allSatisfy { $0[1] != call[1] }, "\(call)")
          // A run that is resumed finds the metrics of all its steps.
          if call[2] == "checkpoint.safetensors" { #expect(isMetricsOnDisk) }
        }
      }

      /// The configuration is forced to the disk first, then metrics and checkpoint of the first step, then these.
      @Test(arguments: [("metrics.jsonl", 4), ("checkpoint.safetensors", 5)])
      func `a disk that is full ends the run and leaves the checkpoint before`(_ file: String, _ number: Int) throws {
        let run = try train(["FAULTY_FILES_FULL": "\(number)"], on: data)
        run.expectFailure("/\(file): cannot ")
        #expect(run.messages.first?.hasSuffix(": No space left on device") == true, "\(run.report)")
        #expect(run.status == 1, "\(run.report)")
        let names = try FileManager.default.contentsOfDirectory(atPath: data.run.path)
        #expect(!names.contains { $0.hasSuffix(".tmp") }, "\(names)")
        let again = try DistTrainProgram.run(
          ["train", "--resume", "--output", data.run.path, "--steps", "5"], timeout: 120)
        #expect(again.succeeded, "\(again.report)")
        #expect(try MetricsHistory(path: data.run.metrics).training.map(\.step) == Array(1...5))
      }
    }
  }
#endif
