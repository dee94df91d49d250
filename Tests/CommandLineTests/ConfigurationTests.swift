import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  struct ConfigurationTests {
    private func write(_ yaml: String, in data: SyntheticData) throws -> String {
      try data.folder.write(Array(yaml.utf8), to: "run.yaml")
    }

    private func resolved(_ data: SyntheticData) throws -> TrainingConfiguration {
      var configuration = TrainingConfiguration()
      try ConfigurationFile(path: data.run.configuration).apply(to: &configuration)
      return configuration
    }

    @Test func `flags win over the file, and the file over the defaults`() throws {
      let data = try SyntheticData()
      let file = try write(
        "model: mlp\ndata: \(data.path)\nglobal-batch: 4\nlearning-rate: 0.125\nseed: 7\noutput: nowhere\n", in: data)
      let run = try DistTrainProgram.run(
        ["train", "--config", file, "--seed", "8", "--output", data.run.path, "--steps", "2"], timeout: 60)
      #expect(run.succeeded, "\(run.report)")
      var expected = TrainingConfiguration()
      expected.model = .mlp
      expected.data = data.path
      expected.globalBatch = 4
      expected.learningRate = 0.125
      expected.seed = 8
      expected.steps = 2
      expected.output = data.run.path
      #expect(try resolved(data) == expected)
    }

    @Test(arguments: [
      ("learning-rat: 1", "run.yaml: line 1: unknown key 'learning-rat'; the nearest known key is 'learning-rate'"),
      ("seed: 1\nepochs: many", "run.yaml: line 2: epochs is 'many', expected a whole number"),
      ("seed: [", "run.yaml: is not valid YAML: "),
    ])
    func `a bad file is told`(_ yaml: String, _ message: String) throws {
      let data = try SyntheticData()
      let file = try write(yaml, in: data)
      try DistTrainProgram.run(data.train("--config", file), timeout: 60).expectFailure(message)
      #expect(!data.run.holdsRun)
    }

    @Test func `a missing file is told`() throws {
      let data = try SyntheticData()
      try DistTrainProgram.run(data.train("--config", "\(data.path)/none.yaml"), timeout: 60)
        .expectFailure("none.yaml: cannot open: No such file or directory")
      try DistTrainProgram.run(data.train("--config", ""), timeout: 60)
        .expectFailure("error: the empty path: cannot open: No such file or directory")
    }

    @Test func `the resolved configuration makes the same run again`() throws {
      let data = try SyntheticData()
      let first = try DistTrainProgram.run(data.train("--epochs", "2", "--seed", "5"), timeout: 60)
      #expect(first.succeeded, "\(first.report)")
      let again = try DistTrainProgram.run(
        ["train", "--config", data.run.configuration, "--output", "\(data.path)/again"], timeout: 60)
      #expect(again.succeeded, "\(again.report)")
      #expect(try contents("\(data.path)/again/model.safetensors") == contents(data.run.model))
    }

    @Test func `every flag makes its setting`() throws {
      let data = try SyntheticData()
      let run = try DistTrainProgram.run(
        data.train(
          "--augment", "both", "--accumulate", "2", "--epochs", "3", "--steps", "3", "--optimizer", "adam",
          "--learning-rate", "0.125", "--schedule", "linear", "--warmup", "1", "--momentum", "0.5", "--weight-decay",
          "0.01", "--clip-norm", "2", "--seed", "4", "--precision", "float64", "--drop-last", "--checkpoint-every", "2",
          "--verify-replicas", "2", "--allow-nonfinite", "--buckets", "64KiB", "--collective", "mpi",
          "--shard-optimizer", "--no-sync-batch-norm"), timeout: 60)
      #expect(run.succeeded, "\(run.report)")
      var expected = TrainingConfiguration(optimizer: .adam)
      (expected.model, expected.data, expected.augment, expected.output) = (.mlp, data.path, .both, data.run.path)
      (expected.globalBatch, expected.accumulate, expected.epochs, expected.steps) = (8, 2, 3, 3)
      (expected.learningRate, expected.schedule, expected.warmup, expected.momentum) = (0.125, .linear, 1, 0.5)
      (expected.weightDecay, expected.clipNorm, expected.seed, expected.precision) = (0.01, 2, 4, .float64)
      (expected.dropLast, expected.logEvery, expected.checkpointEvery, expected.verifyReplicas) = (true, 1, 2, 2)
      (expected.allowNonfinite, expected.buckets, expected.collective) = (
        true, .sizes(BucketSizes(first: 64 << 10, others: 64 << 10)), .mpi
      )
      (expected.shardOptimizer, expected.syncBatchNorm) = (true, false)
      #expect(try resolved(data) == expected)
    }

    /// By the file's optimizer, another by a flag, and one of a run that goes on.
    @Test func `the learning rate follows from the optimizer where nobody gives it`() throws {
      let data = try SyntheticData()
      let file = try write(
        "model: mlp\ndata: \(data.path)\nsteps: 1\noutput: \(data.run.path)\noptimizer: adam\n", in: data)
      func run(_ arguments: String...) throws -> TrainingConfiguration {
        let run = try DistTrainProgram.run(["train"] + arguments, timeout: 60)
        #expect(run.succeeded, "\(run.report)")
        return try resolved(data)
      }
      let adam = try run("--config", file)
      #expect(adam.optimizer == .adam && adam.learningRate == 0.001)
      let resumed = try run("--resume", "--output", data.run.path, "--steps", "2")
      #expect(resumed.optimizer == .adam && resumed.learningRate == 0.001)
      try FileManager.default.removeItem(atPath: data.run.path)
      let sgd = try run("--config", file, "--optimizer", "sgd")
      #expect(sgd.optimizer == .sgd && sgd.learningRate == 0.02)
      try FileManager.default.removeItem(atPath: data.run.path)
      let given = try run("--config", file, "--optimizer", "adamw", "--learning-rate", "0.5")
      #expect(given.optimizer == .adamw && given.learningRate == 0.5)
    }

    @Test func `a resumed run keeps its settings, but for flags`() throws {
      let data = try SyntheticData()
      let first = try DistTrainProgram.run(
        data.train("--learning-rate", "0.25", "--precision", "float64", "--steps", "2"), timeout: 60)
      #expect(first.succeeded, "\(first.report)")
      let before = try resolved(data)
      let again = try DistTrainProgram.run(
        ["train", "--resume", "--output", data.run.path, "--steps", "9"], timeout: 60)
      #expect(again.succeeded, "\(again.report)")
      #expect(again.errorOutput.contains("resuming \(data.run.path) after step 2 of 9"), "\(again.report)")
      var expected = before
      expected.steps = 9
      #expect(try resolved(data) == expected)
    }
  }
}
