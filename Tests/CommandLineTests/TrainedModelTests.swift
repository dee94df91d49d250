import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// `evaluate` and `predict` with a model that was trained for a moment.
  struct TrainedModelTests {
    let data: SyntheticData

    init() throws {
      data = try SyntheticData()
      let run = try DistTrainProgram.run(data.train("--epochs", "4", "--learning-rate", "0.1"), timeout: 60)
      try #require(run.succeeded, "\(run.report)")
    }

    private func json(_ line: some StringProtocol) throws -> [String: Any] {
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }

    private func evaluate(_ ranks: Int?, _ split: String) throws -> (loss: Double, accuracy: Double, count: Int) {
      let run = try DistTrainProgram.run(
        ["evaluate", data.run.model, "--data", data.path, "--split", split, "--json"], ranks: ranks, timeout: 60)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      #expect(run.output.filter { $0 == "\n" }.count == 1, "\(run.report)")
      let record = try json(run.output)
      #expect(record["split"] as? String == split)
      return (
        try #require(record["loss"] as? Double), try #require(record["accuracy"] as? Double),
        try #require(record["count"] as? Int)
      )
    }

    @Test func `evaluation agrees with the training run's last`() throws {
      let last = try #require(try MetricsHistory(path: data.run.metrics).evaluations.last)
      for ranks in hasMPI ? [nil, 1, 2, 3] : [nil] {
        let found = try evaluate(ranks, "test")
        #expect(abs(found.loss - last.loss) < 1e-6)
        #expect(found.accuracy == last.accuracy)
        #expect(found.count == 13)
      }
      let training = try evaluate(nil, "train")
      #expect(training.count == 44)
      #expect(training.accuracy > 0.5)
    }

    @Test(arguments: ["float32", "float64"])
    func `a checkpoint and a folder hold a model, too`(_ precision: String) throws {
      let data = try SyntheticData()
      let run = try DistTrainProgram.run(
        data.train("--steps", "2", "--precision", precision, "--momentum", "0.9"), timeout: 60)
      #expect(run.succeeded, "\(run.report)")
      let images = "\(data.path)/t10k-images-idx3-ubyte"
      func outputs(_ model: String) throws -> [String] {
        try [["evaluate", model, "--data", data.path], ["predict", model, images, "--json"]].map { arguments in
          let run = try DistTrainProgram.run(arguments, timeout: 60)
          #expect(run.succeeded, "\(run.report)")
          return run.output
        }
      }
      let expected = try outputs(data.run.model)
      #expect(run.output.hasPrefix(expected[0]), "\(run.report)")
      for model in [data.run.path, data.run.checkpoint] { #expect(try outputs(model) == expected) }
      // A model that is older than the checkpoint, as of a run that goes on; and no checkpoint.
      let older = try SyntheticData()
      let other = try DistTrainProgram.run(older.train("--steps", "1", "--precision", precision), timeout: 60)
      #expect(other.succeeded, "\(other.report)")
      let model = try contents(data.run.model)
      try data.folder.write(contents(older.run.model), to: "run/model.safetensors")
      #expect(try outputs(data.run.path) == expected)
      try data.folder.write(model, to: "run/model.safetensors")
      try FileManager.default.removeItem(atPath: data.run.checkpoint)
      #expect(try outputs(data.run.path) == expected)
    }

    /// Of images whose folder the environment names.
    @Test func `evaluation for people`() throws {
      let run = try DistTrainProgram.run(
        ["evaluate", data.run.model], environment: ["DISTTRAIN_DATA": data.path], timeout: 60)
      #expect(run.succeeded, "\(run.report)")
      #expect(run.output.hasPrefix("test loss "), "\(run.report)")
      #expect(run.output.hasSuffix(" of 13 images\n"), "\(run.report)")
    }

    @Test func `images of another size are refused`() throws {
      try data.folder.write(
        idx(shape: [13, 14, 56], elements: Array(repeating: 0, count: 13 * 784)), to: "t10k-images-idx3-ubyte")
      try DistTrainProgram.run(["evaluate", data.run.model, "--data", data.path], timeout: 60)
        .expectFailure("the images are 1×14×56, expected 1×28×28")
    }

    @Test func `what is called a PNG and is none is named so`() throws {
      let path = try data.folder.write(Array("hello".utf8), to: "text.png")
      try DistTrainProgram.run(["predict", data.run.model, path], timeout: 60)
        .expectFailure("text.png: is neither a PNG, JPEG, PGM nor PPM picture: it starts with 68 65 6c 6c")
    }

    /// The same image in three formats is classified alike.
    @Test func `predictions of IDX, PGM and PNG`() throws {
      let pixels = Array(try contents("\(data.path)/t10k-images-idx3-ubyte").dropFirst(16).prefix(784))
      let pgm = try data.folder.write(Array("P5\n28 28\n255\n".utf8) + pixels, to: "image.pgm")
      let png = try data.folder.write(grayPNG(pixels, width: 28, height: 28), to: "image.png")
      let images = "\(data.path)/t10k-images-idx3-ubyte"
      let run = try DistTrainProgram.run(["predict", data.run.model, images, pgm, png, "--json"], timeout: 60)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let records = try run.output.split(separator: "\n").map { try json($0) }
      try #require(records.count == 15)
      #expect(records.map { $0["file"] as? String } == Array(repeating: images, count: 13) + [pgm, png])
      #expect(records.map { $0["index"] as? Int } == Array(0..<13) + [0, 0])
      for record in records {
        let probabilities = try #require(record["probabilities"] as? [Double])
        #expect(probabilities.count == 10)
        #expect(abs(probabilities.reduce(0, +) - 1) < 1e-5)
        #expect(record["class"] as? Int == probabilities.indices.max { probabilities[$0] < probabilities[$1] })
      }
      let classes = records.map { $0["class"] as? Int }
      #expect(classes[13] == classes[0] && classes[14] == classes[0])
      let right = zip(classes, try contents("\(data.path)/t10k-labels-idx1-ubyte").dropFirst(8)).filter {
        $0 == Int($1)
      }
      let last = try #require(try MetricsHistory(path: data.run.metrics).evaluations.last)
      #expect(Double(right.count) / 13 == last.accuracy)
    }

    @Test func `a file that claims more images than it has pixels is refused`() throws {
      let path = try data.folder.write(idx(shape: [0xffff_ffff, 0, 28], elements: []), to: "claims")
      try DistTrainProgram.run(["predict", data.run.model, path], timeout: 60)
        .expectFailure("claims: the images are 1×0×28, expected 1×28×28 for mlp")
    }

    /// More than are classified at a time.
    @Test func `predictions of many images`() throws {
      let images = idx(shape: [501, 28, 28], elements: (0..<501 * 784).map { UInt8(truncatingIfNeeded: $0 / 784) })
      let path = try data.folder.write(images, to: "many")
      let run = try DistTrainProgram.run(["predict", data.run.model, path], timeout: 60)
      let indices = run.output.split(separator: "\n").map { $0.split(separator: "\t")[1] }
      #expect(run.succeeded && indices == (0...500).map { "\($0)" }, "\(run.report)")
    }

    @Test func `predictions for people`() throws {
      let images = "\(data.path)/t10k-images-idx3-ubyte"
      let run = try DistTrainProgram.run(["predict", data.run.model, images], ranks: hasMPI ? 2 : nil, timeout: 60)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      let lines = run.output.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
      #expect(lines.count == 13, "\(run.report)")
      for (index, line) in lines.enumerated() {
        #expect(line.count == 4 && line[0] == images && line[1] == "\(index)", "\(run.report)")
      }
    }

    @Test func `a bad file late in the list is told before anything is printed`() throws {
      let images = "\(data.path)/t10k-images-idx3-ubyte"
      let small = try data.folder.write(Array("P5\n2 2\n255\n    ".utf8), to: "small.pgm")
      let run = try DistTrainProgram.run(["predict", data.run.model, images, small], timeout: 60)
      run.expectFailure("small.pgm: the images are 1×2×2, expected 1×28×28 for mlp")
      #expect(run.output.isEmpty, "\(run.report)")
    }
  }
}

/// A PNG file of 8-bit gray pixels that are not compressed.
private func grayPNG(_ pixels: [UInt8], width: Int, height: Int) -> [UInt8] {
  func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(type.utf8) + data
    return bigEndian(data.count) + body + bigEndian(Int(crc32(of: body)))
  }
  let rows = (0..<height).flatMap { [0] + pixels[$0 * width..<($0 + 1) * width] }
  var (a, b) = (1, 0)
  for byte in rows {
    a = (a + Int(byte)) % 65521
    b = (b + a) % 65521
  }
  let length = [UInt8(rows.count & 255), UInt8(rows.count >> 8)]
  let compressed = [0x78, 0x01, 1] + length + length.map { ~$0 } + rows + bigEndian(b << 16 | a)
  return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    + chunk("IHDR", bigEndian(width) + bigEndian(height) + [8, 0, 0, 0, 0]) + chunk("IDAT", compressed)
    + chunk("IEND", [])
}
