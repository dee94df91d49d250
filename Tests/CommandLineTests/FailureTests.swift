import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// What goes wrong in a job of several ranks is told once, and ends all of them.
  @Suite(.enabled(if: hasMPI, "built without MPI"))
  struct FailureTests {
    let data: SyntheticData

    init() throws { data = try SyntheticData() }

    /// Runs a job of three ranks that must fail with `message`, the only line on standard error.
    private func expectFailure(
      _ message: String, _ arguments: [String], sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
      let run = try DistTrainProgram.run(arguments, ranks: 3, timeout: 60)
      run.expectFailure(message, sourceLocation: sourceLocation)
      #expect(run.lines.count == 1, "\(run.report)", sourceLocation: sourceLocation)
      #expect(run.output.isEmpty, "\(run.report)", sourceLocation: sourceLocation)
    }

    @Test func `a launcher whose ranks MPI does not see`() throws {
      let environment = ["SLURM_PROCID": "0", "SLURM_STEP_NUM_TASKS": "4", "OMPI_ALLOW_RUN_AS_ROOT": "1"]
      let run = try DistTrainProgram.run(data.train(), environment: environment, timeout: 60)
      run.expectFailure("srun started 4 ranks, but MPI sees 1")
      #expect(run.status == 1, "\(run.report)")
    }

    @Test func `a missing folder`() throws {
      try expectFailure(
        "/none: there is no such folder to hold train-images-idx3-ubyte.gz", data.train("--data", "\(data.path)/none"))
    }

    @Test func `a missing file`() throws {
      try FileManager.default.removeItem(atPath: "\(data.path)/t10k-labels-idx1-ubyte")
      try expectFailure("the folder has no file t10k-labels-idx1-ubyte.gz", data.train())
    }

    @Test func `truncated and corrupt gzip`() throws {
      var bytes = try contents("\(MNISTFolder.systemPath)/train-labels-idx1-ubyte.gz")
      try data.folder.write(Array(bytes.prefix(bytes.count / 2)), to: "train-labels-idx1-ubyte.gz")
      try expectFailure("train-labels-idx1-ubyte.gz: the gzip data ends early", data.train())
      bytes[bytes.count / 2] ^= 0xFF
      try data.folder.write(bytes, to: "train-labels-idx1-ubyte.gz")
      try expectFailure("train-labels-idx1-ubyte.gz: the gzip data is corrupt", data.train())
    }

    @Test func `truncated images`() throws {
      let bytes = try contents("\(data.path)/train-images-idx3-ubyte")
      try data.folder.write(Array(bytes.dropLast()), to: "train-images-idx3-ubyte")
      try expectFailure("train-images-idx3-ubyte: is truncated: uint8 of shape [44, 28, 28]", data.train())
    }

    @Test func `a wrong magic number`() throws {
      var bytes = try contents("\(data.path)/train-images-idx3-ubyte")
      bytes[1] = 1
      try data.folder.write(bytes, to: "train-images-idx3-ubyte")
      try expectFailure(
        "train-images-idx3-ubyte: is not an IDX file: it starts with 00 01 08 03, expected 00 00 and a type",
        data.train()
      )
    }

    @Test func `a label out of range`() throws {
      try data.folder.writeImages(training: 44, test: 13, firstLabel: 17)
      try expectFailure("train-labels-idx1-ubyte: label 0 is 17, expected a class from 0 to 9", data.train())
    }

    @Test func `more ranks than samples`() throws {
      try data.folder.writeImages(training: 2, test: 13)
      try expectFailure("3 ranks for 2 training samples: use at most one rank a sample", data.train())
    }

    @Test(arguments: ["train-images-idx3-ubyte/run", "train-images-idx3-ubyte", "/proc/none/run"])
    func `an output folder that cannot be`(_ output: String) throws {
      let path = output.hasPrefix("/") ? output : "\(data.path)/\(output)"
      try expectFailure(": cannot make the output folder: ", data.train("--output", path))
    }

    @Test func `a checkpoint of another run`() throws {
      let first = try DistTrainProgram.run(data.train("--steps", "2"), timeout: 60)
      #expect(first.succeeded, "\(first.report)")
      let checkpoint = try contents(data.run.checkpoint)
      try expectFailure(
        "checkpoint.safetensors: is of a run with model mlp, this one has model cnn",
        data.train("--resume", "--model", "cnn"))
      try data.folder.write(Array(checkpoint.dropLast(9)), to: "run/checkpoint.safetensors")
      try expectFailure("checkpoint.safetensors: is truncated", data.train("--resume"))
      try expectFailure("/none: holds no run to resume", data.train("--resume", "--output", "\(data.path)/none"))
    }

    @Test func `a loss that is not finite`() throws {
      let run = try DistTrainProgram.run(data.train("--learning-rate", "1e10"), ranks: 3, timeout: 60)
      run.expectFailure("error: stopped at step ")
      #expect(run.messages.first?.contains("(epoch 1): the training loss on rank ") == true, "\(run.report)")
      #expect(run.status == 1)
      let goesOn = try DistTrainProgram.run(
        data.train("--learning-rate", "1e10", "--allow-nonfinite", "--epochs", "1", "--output", "\(data.path)/goes-on"),
        ranks: 3, timeout: 60)
      #expect(goesOn.succeeded, "\(goesOn.report)")
      let history = try MetricsHistory(path: "\(data.path)/goes-on/metrics.jsonl")
      #expect(history.training.count == 6 && history.training.last?.loss.isNaN == true)
    }

    @Test func `a model file that is none`() throws {
      try expectFailure("none.safetensors: cannot open: No such file or directory", ["evaluate", "none.safetensors"])
      let labels = "\(data.path)/train-labels-idx1-ubyte"
      try expectFailure("is truncated or not a safetensors file", ["evaluate", labels])
      let model = "\(data.path)/other.safetensors"
      try TensorFile.write([("weight", Tensor.zeros([2, 3]))], to: model)
      try expectFailure(
        "other.safetensors: holds no model that disttrain knows, at its top or under 'model': expected the parameters of mlp or",
        ["evaluate", model])
      try expectFailure("is truncated or not a safetensors file", ["predict", labels, labels])
    }

    @Test func `a benchmark's batch beyond the samples`() throws {
      let batches = ["bench", "step", "--workload", "tiny", "--batch"]
      try expectFailure("a batch of 200 on each of 3 rank(s) is more than the 500 samples", batches + ["200"])
      try expectFailure("on each of 3 rank(s) is more than the 500 samples", batches + ["\(Int.max)"])
    }

    @Test func `replicas that stay replicas pass their verification`() throws {
      let run = try DistTrainProgram.run(data.train("--verify-replicas", "1", "--steps", "5"), ranks: 3, timeout: 60)
      #expect(run.succeeded && run.messages.isEmpty, "\(run.report)")
    }
  }
}
