import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// Training, evaluation and predictions of pictures in a folder for each class.
  struct PictureFolderTests {
    let folder: TemporaryFolder

    init() throws {
      folder = try TemporaryFolder()
      try folder.writePictures(["train": 9, "val": 4])
    }

    private var run: RunDirectory { RunDirectory(path: "\(folder.path)/run") }

    private func train(_ model: String, ranks: Int? = nil, _ more: String...) throws {
      let run = try DistTrainProgram.run(
        ["train", "--model", model, "--data", folder.path, "--output", run.path, "--global-batch", "9"] + more,
        ranks: ranks, timeout: 120)
      try #require(run.succeeded, "\(run.report)")
    }

    @Test func `classes keep their names from training to prediction`() throws {
      try train("mlp", ranks: hasMPI ? 2 : nil, "--epochs", "12", "--augment", "shift", "--learning-rate", "0.05")
      let last = try #require(try MetricsHistory(path: run.metrics).evaluations.last)
      #expect(last.accuracy > 0.9 && last.count == 12)
      for path in [run.path, run.model] {
        let evaluation = try DistTrainProgram.run(["evaluate", path, "--data", folder.path], timeout: 60)
        #expect(evaluation.output.hasSuffix(" of 12 images\n"), "\(evaluation.report)")
      }
      // One that was seen resized, in grey and in colors.
      let files = ["0.pgm", "1.ppm", "2.ppm", "3.pgm"].map { "\(folder.path)/val/owl/\($0)" }
      let names = try DistTrainProgram.run(["predict", run.model] + files, timeout: 60)
      let lines = names.output.split(separator: "\n").map { $0.split(separator: "\t") }
      #expect(names.succeeded && lines.map { $0[0] } == files.map { $0[...] }, "\(names.report)")
      #expect(lines.filter { $0[2] == "owl" }.count >= 3, "\(names.report)")
      let json = try DistTrainProgram.run(["predict", run.model, files[0], "--json"], timeout: 60)
      #expect(json.output.contains(#""class":2,"name":"owl","probabilities":["#), "\(json.report)")
    }

    @Test func `a loader of pictures is timed`() throws {
      let run = try DistTrainProgram.run([
        "bench", "loader", "--model", "resnet18", "--image-size", "48", "--augment", "crop", "--data", folder.path,
        "--batch",
        "4", "--seconds", "0.05",
      ])
      #expect(
        run.succeeded && run.output.contains(/^[0-9.]+ µs a batch of 4, [0-9]+ samples\/s over 1 rank/), "\(run.report)"
      )
    }

    @Test func `a network for larger pictures is evaluated at its size`() throws {
      try train("resnet18", "--image-size", "64", "--augment", "crop", "--steps", "1", "--learning-rate", "0.001")
      let last = try #require(try MetricsHistory(path: run.metrics).evaluations.last)
      let evaluation = try DistTrainProgram.run(["evaluate", run.path, "--data", folder.path, "--json"], timeout: 60)
      #expect(evaluation.output.contains("\"loss\":\(last.loss),"), "\(evaluation.report)")
      var expected = TrainingConfiguration()
      try ConfigurationFile(path: run.configuration).apply(to: &expected)
      #expect(expected.imageSize == 64 && expected.augment == .crop)
      let file = "\(folder.path)/val/owl/1.ppm"
      let prediction = try DistTrainProgram.run(["predict", run.model, file, "--json"], timeout: 60)
      let network = ResidualNetwork(imageSize: 64, classes: 3).evaluate()
      try TensorFile.readState(of: network, from: run.model)
      let picture = try PictureFiles(paths: [file], labels: [0], size: 64, normalization: .imageNet).batch([0])
      let probabilities = noGrad { network(picture.inputs).softmax(1) }.array(of: Float.self)
      guard case .array(let found)? = try JSON(parsing: Array(prediction.output.utf8))["probabilities"] else {
        throw FileError(file, prediction.report)
      }
      let differences = zip(found, probabilities).map { abs(($0.realValue ?? .nan) - Double($1)) }
      #expect(differences.count == 3 && differences.allSatisfy { $0 < 1e-5 }, "\(found), expected \(probabilities)")
      let digits = try SyntheticData()
      try DistTrainProgram.run(["predict", run.model, "\(digits.path)/t10k-images-idx3-ubyte"], timeout: 60)
        .expectFailure("t10k-images-idx3-ubyte: is no picture, PNG, JPEG, PGM or PPM, as the model was trained on")
      let resumed = try DistTrainProgram.run(["train", "--resume", "--output", run.path, "--steps", "2"], timeout: 60)
      #expect(resumed.succeeded, "\(resumed.report)")
    }

    /// As torchvision's, of before batches were counted.
    @Test func `the classes of a file without their names are numbers`() throws {
      let weights = "\(folder.path)/weights.safetensors"
      let network = ResidualNetwork(imageSize: 224, classes: 3).evaluate()
      let state = network.stateDictionary().filter { !$0.name.hasSuffix("num_batches_tracked") }
      try TensorFile.write(state, to: weights)
      let file = "\(folder.path)/val/owl/1.ppm"
      let picture = try PictureFiles(paths: [file], labels: [0], size: 224, normalization: .imageNet).batch([0])
      let probabilities = noGrad { network(picture.inputs).softmax(1) }
      let prediction = try DistTrainProgram.run(["predict", weights, file], timeout: 60)
      let expected = String(format: "%.4f", probabilities.maximum().item())
      #expect(prediction.output == "\(file)\t0\t\(probabilities.argmax(1).array(of: Int.self)[0])\t\(expected)\n")
      let evaluation = try DistTrainProgram.run(["evaluate", weights, "--data", folder.path], timeout: 120)
      #expect(evaluation.output.hasSuffix(" of 12 images\n"), "\(evaluation.report)")
      try TensorFile.write(ResidualNetwork(imageSize: 224, classes: 1000).stateDictionary(), to: weights)
      try DistTrainProgram.run(["evaluate", weights, "--data", folder.path], timeout: 60)
        .expectFailure("val: has folders of 3 classes, expected 1000 as the model knows")
      let digits = try SyntheticData()
      try DistTrainProgram.run(["evaluate", weights, "--data", digits.path], timeout: 60)
        .expectFailure("has no folders train and test with pictures of the 1000 classes that the model knows")
    }

    /// Its output is a number or a sigmoid's; as a softmax it would be 1 for every picture.
    @Test func `a file of a model with one output is refused`() throws {
      let weights = "\(folder.path)/weights.safetensors"
      try TensorFile.write(Workload.mlp.makeModel(classCount: 1).stateDictionary(), to: weights)
      try DistTrainProgram.run(["predict", weights, "\(folder.path)/val/owl/1.ppm"], timeout: 60)
        .expectFailure("holds no model that disttrain knows, at its top or under 'model': expected the parameters of")
    }

    @Test func `a run begins with the weights of a model of more classes`() throws {
      let weights = "\(folder.path)/weights.safetensors"
      try TensorFile.write(ResidualNetwork(imageSize: 64, classes: 7).stateDictionary(), to: weights)
      let arguments = [
        "train", "--model", "resnet18", "--image-size", "64", "--data", folder.path, "--output", run.path,
      ]
      let begun = try DistTrainProgram.run(
        arguments + ["--weights", weights, "--steps", "1"], ranks: hasMPI ? 2 : nil, timeout: 120)
      let message =
        "the model begins with the weights of \(weights), but for its last layer, which is for 7 classes there"
      #expect(begun.succeeded && begun.errorOutput.contains(message), "\(begun.report)")
      #expect(try contents(run.configuration).starts(with: "model: resnet18".utf8))
      try DistTrainProgram.run(
        ["train", "--data", folder.path, "--weights", weights], ranks: hasMPI ? 2 : nil, timeout: 60
      ).expectFailure("is of another model: its tensors are 'conv1.weight' and others, expected '1.weight' and others")
    }

    @Test func `other data than the model's is refused`() throws {
      try train("mlp", "--steps", "1")
      let digits = try SyntheticData()
      try DistTrainProgram.run(["evaluate", run.model, "--data", digits.path], timeout: 60)
        .expectFailure("has no folders train and test with pictures of the 3 classes that the model knows")
      try FileManager.default.removeItem(atPath: "\(folder.path)/val/dog")
      try DistTrainProgram.run(["evaluate", run.model, "--data", folder.path], timeout: 60)
        .expectFailure("val: has no folder 'dog', expected one for each class that the model knows")
      try DistTrainProgram.run(["train", "--data", folder.path], ranks: hasMPI ? 2 : nil, timeout: 60)
        .expectFailure("val: has no folder 'dog', expected one for each class that the model knows")
      try FileManager.default.removeItem(atPath: "\(folder.path)/val")
      try DistTrainProgram.run(["train", "--data", folder.path], timeout: 60)
        .expectFailure(": has no folder test or val beside train")
      try DistTrainProgram.run(["train", "--data", "\(folder.path)/train"], timeout: 60)
        .expectFailure("or folders train and test that hold one of pictures for each class")
    }

    @Test func `a picture that cannot be read ends all ranks`() throws {
      try folder.write(Array("P5\n9 9\n255\n".utf8), to: "train/dog/3.pgm")
      try DistTrainProgram.run(
        ["train", "--model", "mlp", "--data", folder.path, "--output", run.path], ranks: hasMPI ? 2 : nil, timeout: 60
      ).expectFailure("train/dog/3.pgm: is truncated: 81 samples expected, 0 found")
    }

    @Test func `the doctor counts pictures`() throws {
      let whole = try DistTrainProgram.run(["doctor", "--data", folder.path], timeout: 60)
      #expect(whole.output.contains(": 27 + 12 pictures of 3 classes\n"), "\(whole.report)")
      try FileManager.default.removeItem(atPath: "\(folder.path)/val/cat")
      let part = try DistTrainProgram.run(["doctor", "--data", folder.path], timeout: 60)
      #expect(part.status == 1 && part.output.contains("val: has no folder 'cat'"), "\(part.report)")
    }
  }
}
