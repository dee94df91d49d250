import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// Jobs of which two ranks find different things, as on two machines.
  @Suite(.enabled(if: hasMPI, "built without MPI"))
  struct UnlikeRanksTests {
    /// Runs a job of two ranks, of which the second does something in the shell first and has other arguments. (Of Open MPI
    /// 5.0.7 no `mpirun` of several programs works.)
    private func run(
      _ first: [String], in directory: String? = nil, beside second: [String], after command: String = "true"
    ) throws -> ProcessRun {
      let words = second.map { "'\($0)'" }.joined(separator: " ")
      let script = "[ $OMPI_COMM_WORLD_RANK = 0 ] || { \(command); set -- \(words); }; exec \"$0\" \"$@\""
      return try MPIRun.run(
        ranks: 2, product: "disttrain", arguments: first, launcherArguments: ["sh", "-c", script],
        directory: directory.map { URL(filePath: $0) }, timeout: 60)
    }

    @Test func `what the first rank has no reason to complain about is told`() throws {
      let kernels = try run(["doctor"], beside: ["doctor"], after: "export DISTTRAIN_KERNELS=quick")
      kernels.expectFailure("DISTTRAIN_KERNELS is \"quick\", expected fast or generic")
      let flag = try run(["doctor"], beside: ["doctor", "--quick"])
      flag.expectFailure("Unknown option '--quick'")
      #expect(flag.status == 64, "\(flag.report)")
    }

    @Test func `other images on another machine are refused`() throws {
      let (own, other) = (try SyntheticData(test: 1001), try SyntheticData(training: 43, test: 900))
      let train = ["train", "--model", "mlp", "--data", ".", "--output", own.run.path, "--steps", "1"]
      try run(train, in: own.path, beside: train, after: "cd '\(other.path)'")
        .expectFailure("the data set differs on rank 1: training images is 43, but 44 on rank 0")
      let alone = try DistTrainProgram.run(train, directory: own.path, timeout: 60)
      #expect(alone.succeeded, "\(alone.report)")
      let evaluate = ["evaluate", own.run.path, "--data", "."]
      try run(evaluate, in: own.path, beside: evaluate, after: "cd '\(other.path)'")
        .expectFailure("the data set differs on rank 1: number of samples is 900, but 1001 on rank 0")
    }

    /// Networks for pictures of several sizes have the same weights.
    @Test func `models for pictures of other sizes are refused`() throws {
      let folder = try TemporaryFolder()
      try folder.writePictures(["train": 1, "val": 1])
      let weights = ResidualNetwork(imageSize: 64, classes: 3).stateDictionary()
      let models = try ["64", "96"].map { size in
        let path = "\(folder.path)/\(size).safetensors"
        let texts = [("model", "resnet18"), ("image-size", size), ("classes", #"["cat","dog","owl"]"#)]
        try TensorFile.write(weights, to: path, metadata: texts.map(Safetensors.Metadata.init))
        return ["evaluate", path, "--data", folder.path]
      }
      try run(models[0], beside: models[1])
        .expectFailure("the model differs on rank 1: rows of its images is 96, but 64 on rank 0")
    }

    /// So it is where a run goes on and replaces its checkpoint between two ranks' reading it.
    @Test func `all ranks evaluate the model that the first has read`() throws {
      let (own, other) = (try SyntheticData(test: 1001), try SyntheticData())
      for (data, seed) in [(own, "1"), (other, "2")] {
        let run = try DistTrainProgram.run(data.train("--steps", "1", "--seed", seed), timeout: 60)
        #expect(run.succeeded, "\(run.report)")
      }
      func evaluate(_ model: SyntheticData) -> [String] { ["evaluate", model.run.path, "--data", own.path, "--json"] }
      let expected = try [own, other].map { try DistTrainProgram.run(evaluate($0), timeout: 60).output }
      let found = try run(evaluate(own), beside: evaluate(other))
      #expect(found.succeeded && found.output == expected[0], "\(found.report)")
      #expect(expected[0] != expected[1])
      let convolutions = try SyntheticData()
      let trained = try DistTrainProgram.run(convolutions.train("--model", "cnn", "--steps", "1"), timeout: 60)
      #expect(trained.succeeded, "\(trained.report)")
      try run(evaluate(own), beside: evaluate(convolutions)).expectFailure("the model differs on rank 1")
    }
  }
}
