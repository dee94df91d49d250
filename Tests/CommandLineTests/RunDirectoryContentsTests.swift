import DistTrain
import Foundation
import Testing
import TestSupport

#if canImport(FoundationXML)
  import FoundationXML
#endif

extension DistTrainProgramTests {
  /// What one short run leaves.
  struct RunDirectoryContentsTests {
    let data: SyntheticData
    let result: ProcessRun

    init() throws {
      data = try SyntheticData()
      result = try DistTrainProgram.run(data.train("--epochs", "2"), ranks: hasMPI ? 2 : nil, timeout: 120)
    }

    @Test func `the end says how good the model is and where everything is`() {
      #expect(result.succeeded, "\(result.report)")
      let lines = result.output.split(separator: "\n").map(String.init)
      #expect(lines.count == 6, "\(result.report)")
      #expect(lines.first?.contains(" of 13 images") == true, "\(result.report)")
      for (line, path) in zip(
        lines.dropFirst(), [data.run.model, data.run.best, data.run.metrics, data.run.curve, data.run.checkpoint])
      {
        #expect(line.hasSuffix(path), "\(result.report)")
        #expect(FileManager.default.fileExists(atPath: path))
      }
    }

    @Test func `every line of the metrics is a record with all its fields`() throws {
      let text = try String(contentsOfFile: data.run.metrics, encoding: .utf8)
      #expect(text.hasSuffix("\n"))
      var kinds: [String] = []
      for line in text.split(separator: "\n") {
        let record = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let kind = try #require(record["kind"] as? String)
        kinds.append(kind)
        if kind == "training" {
          let fields = ["kind", "step", "epoch", "loss", "learningRate", "samplesPerSecond", "seconds"]
          #expect(Set(record.keys) == Set(fields))
          let seconds = try #require(record["seconds"] as? [String: Double])
          #expect(Set(seconds.keys) == ["data", "forward", "backward", "communication", "optimizer"])
          #expect(seconds.values.allSatisfy { $0 >= 0 && $0.isFinite })
          #expect((record["samplesPerSecond"] as? Double).map { $0 > 0 } == true)
        } else {
          #expect(Set(record.keys) == ["kind", "step", "epoch", "split", "loss", "accuracy", "count"])
          #expect(record["count"] as? Int == 13)
        }
      }
      let epoch = Array(repeating: "training", count: 6) + ["evaluation"]
      #expect(kinds == epoch + epoch)
    }

    @Test func `the best model is named only where it is there`() throws {
      try FileManager.default.removeItem(atPath: data.run.best)
      let resumed = try DistTrainProgram.run(
        data.train("--epochs", "2", "--resume"), ranks: hasMPI ? 2 : nil, timeout: 60)
      #expect(resumed.succeeded && !resumed.output.contains("best.safetensors"), "\(resumed.report)")
    }

    @Test func `the model has PyTorch's names, shapes and type`() throws {
      let file = try SafetensorsFile(path: data.run.model)
      let expected = [
        ("1.weight", [512, 784]), ("1.bias", [512]), ("3.weight", [256, 512]), ("3.bias", [256]),
        ("5.weight", [10, 256]),
        ("5.bias", [10]),
      ].map { Safetensors.Entry(name: $0.0, elementType: .float32, shape: $0.1) }
      #expect(file.entries == expected)
    }

    @Test func `the curve is valid XML`() throws {
      let parser = XMLParser(data: try Data(contentsOf: URL(filePath: data.run.curve)))
      #expect(parser.parse(), "\(parser.parserError.map { "\($0)" } ?? "")")
      let text = try String(contentsOfFile: data.run.curve, encoding: .utf8)
      #expect(text.contains("<svg") && text.contains("mlp, global batch 8"))
    }

    @Test func `without a terminal there are plain lines`() {
      #expect(result.errorOutput.contains("epoch 2/2  step 12/12  loss "), "\(result.report)")
      #expect(!result.errorOutput.contains("\r") && !result.errorOutput.contains("\u{1B}"), "\(result.report)")
    }

    @Test func `names are relative to the current folder`() throws {
      for output in [["--output", "h/and/there"], [], []] {
        let run = try DistTrainProgram.run(
          ["train", "--model", "mlp", "--data", "../\(URL(filePath: data.path).lastPathComponent)", "--steps", "1"]
            + output,
          directory: data.path, timeout: 60)
        #expect(run.succeeded, "\(run.report)")
      }
      for path in ["h/and/there", "runs/mlp", "runs/mlp-2"] {
        #expect(FileManager.default.fileExists(atPath: "\(data.path)/\(path)/model.safetensors"))
      }
    }

    /// A pipe without a reader would stop the run for ever, a folder only when the run is over.
    @Test(arguments: [false, true])
    func `what has the name of a file to come is refused before training`(_ isResuming: Bool) throws {
      let changed = isResuming ? data : try SyntheticData()
      let arguments = changed.train("--steps", "20") + (isResuming ? ["--resume"] : [])
      let files = FileManager.default
      for path in [changed.run.model, changed.run.metrics] {
        try? files.removeItem(atPath: path)
        try files.createDirectory(atPath: changed.run.path, withIntermediateDirectories: true)
        #expect(mkfifo(path, 0o600) == 0)
        try DistTrainProgram.run(arguments, ranks: hasMPI ? 2 : nil, timeout: 60)
          .expectFailure("\(path): is not a regular file")
        try files.removeItem(atPath: path)
      }
    }

    @Test func `a run that is there is not overwritten`() throws {
      let before = try contents(data.run.model)
      try DistTrainProgram.run(data.train("--steps", "1"), timeout: 60)
        .expectFailure("holds a run already: continue it with --resume, or choose another folder with --output")
      #expect(try contents(data.run.model) == before)
    }
  }
}
