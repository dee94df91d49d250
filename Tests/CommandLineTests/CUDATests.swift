import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// Runs of the program on the emulated GPU, which all ranks share, beside runs on the processor.
  struct CUDATests {
    /// The environment in which the program finds the emulator in place of CUDA's libraries.
    struct Emulator {
      let folder: URL
      let cache = FileManager.default.temporaryDirectory.appending(path: "kernels-\(UUID().uuidString)")
      init() throws { folder = try EmulatedGPU.makeFolder(names: EmulatedGPU.libraryNames) }
      var environment: [String: String] { ["DISTTRAIN_CUDA_PATH": folder.path, "XDG_CACHE_HOME": cache.path] }

      func remove() {
        try? FileManager.default.removeItem(at: folder)
        try? FileManager.default.removeItem(at: cache)
      }
    }

    private static let rankCounts: [Int?] = hasMPI ? [nil, 1, 2, 3, 4] : [nil]

    private func losses(_ data: SyntheticData) throws -> [Double] {
      try MetricsHistory(path: data.run.metrics).training.map(\.loss)
    }

    private static let shared = ["CUDA_VISIBLE_DEVICES": "0"]

    /// With a GPU for each rank, and with one for all.
    @Test(arguments: rankCounts, [[:], shared])
    func `losses on a GPU are those on the processor`(_ ranks: Int?, _ visible: [String: String]) throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let (here, there) = (try SyntheticData(), try SyntheticData())
      let arguments = ["--steps", "8", "--verify-replicas", "2"]
      let first = try DistTrainProgram.run(here.train() + arguments, ranks: ranks)
      #expect(first.succeeded, "\(first.report)")
      let second = try DistTrainProgram.run(
        there.train("--device", "cuda") + arguments, ranks: ranks,
        environment: emulator.environment.merging(visible) { $1 })
      #expect(second.succeeded, "\(second.report)")
      let sums =
        visible.isEmpty ? "by NCCL 29900" : "in the processor's memory: ranks share a GPU"
      #expect(second.errorOutput.contains("gradients are added up \(sums)\n") == (ranks ?? 1 > 1), "\(second.report)")
      let (a, b) = (try losses(here), try losses(there))
      #expect(a.count == 8 && b.count == 8)
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4, "\(a)\n\(b)") }
    }

    @Test(
      .enabled(if: hasMPI, "built without MPI"),
      arguments: [
        (["--accumulate", "2"], "by NCCL 29900"), (["--shard-optimizer"], "by NCCL 29900"),
        (["--collective", "mpi", "--compress", "bfloat16"], "in the processor's memory: they are sent compressed"),
        (["--reproducible", "4"], "in the processor's memory: reproducible sums have an order of their own"),
      ])
    func `what sums gradients in other ways does so on a GPU too`(_ arguments: [String], _ sums: String) throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let (here, there) = (try SyntheticData(), try SyntheticData())
      let first = try DistTrainProgram.run(here.train("--steps", "4") + arguments, ranks: 2)
      #expect(first.succeeded, "\(first.report)")
      let second = try DistTrainProgram.run(
        there.train("--steps", "4", "--device", "cuda") + arguments, ranks: 2, environment: emulator.environment)
      #expect(second.succeeded, "\(second.report)")
      #expect(second.errorOutput.contains("gradients are added up \(sums)\n"), "\(second.report)")
      for (x, y) in zip(try losses(here), try losses(there)) { #expect(abs(x - y) < 1e-3, "\(second.report)") }
    }

    @Test(.enabled(if: hasMPI, "built without MPI"))
    func `a failure of NCCL ends the run, and is told`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      for call in ["ncclCommInitRank", "ncclAllReduce"] {
        let data = try SyntheticData()
        let run = try DistTrainProgram.run(
          data.train("--device", "cuda"), ranks: 2,
          environment: emulator.environment.merging(["EMULATED_CUDA_FAILURE": call]) { $1 })
        #expect(!run.succeeded && !run.timedOut, "\(run.report)")
        let what = call == "ncclAllReduce" ? "NCCL" : call
        #expect(
          run.messages.first == "error: \(what) failed: an error: of the emulated NCCL", "\(run.report)")
      }
    }

    /// A rank is told a step later, of the right step; what was written before is the same.
    @Test(arguments: hasMPI ? [nil, 2] : [nil])
    func `a run that diverges ends at the step at which it does on the processor`(_ ranks: Int?) throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let steps = try ["cpu", "cuda"].map { device in
        let data = try SyntheticData()
        let run = try DistTrainProgram.run(
          data.train("--learning-rate", "1e10", "--device", device, "--checkpoint-every", "1"), ranks: ranks,
          environment: emulator.environment)
        run.expectFailure("the training loss on rank 0 is not a finite number")
        let stopped = try #require(run.errorOutput.firstMatch(of: /stopped at step (\d+) \(epoch 1\)/), "\(run.report)")
        #expect(try losses(data).count + 1 == Int(stopped.1), "\(run.report)")
        return String(stopped.1)
      }
      #expect(steps[0] == steps[1], "\(steps)")
    }

    @Test func `a run changes over to the GPU and back`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let (whole, parts) = (try SyntheticData(), try SyntheticData())
      let reference = try DistTrainProgram.run(whole.train("--steps", "9"))
      #expect(reference.succeeded, "\(reference.report)")
      for (steps, device) in [("3", "cpu"), ("6", "cuda"), ("9", "cpu")] {
        let run = try DistTrainProgram.run(
          parts.train("--steps", steps, "--device", device) + (steps == "3" ? [] : ["--resume"]),
          environment: emulator.environment)
        #expect(run.succeeded, "\(run.report)")
      }
      let (a, b) = (try losses(whole), try losses(parts))
      #expect(a.count == 9 && b.count == 9)
      for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-4, "\(a)\n\(b)") }
    }

    @Test func `a trained model is evaluated and used on a GPU`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let data = try SyntheticData()
      let trained = try DistTrainProgram.run(data.train("--steps", "2"))
      #expect(trained.succeeded, "\(trained.report)")
      let image = "\(data.path)/t10k-images-idx3-ubyte"
      let commands = [
        ["evaluate", data.run.model, "--data", data.path],
        ["predict", data.run.model, FileManager.default.fileExists(atPath: image) ? image : "\(image).gz"],
      ]
      for command in commands {
        let here = try DistTrainProgram.run(command)
        let there = try DistTrainProgram.run(command + ["--device", "cuda"], environment: emulator.environment)
        #expect(here.succeeded && here.output == there.output, "\(here.report)\n\(there.report)")
      }
    }

    @Test func `steps on a GPU are measured`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let run = try DistTrainProgram.run(
        ["bench", "step", "--workload", "tiny", "--device", "cuda", "--seconds", "0.1", "--batch", "4"],
        environment: emulator.environment)
      #expect(run.succeeded && run.output.contains("tiny:"), "\(run.report)")
      #expect(run.output.contains("\ncuda:0: ") && !run.output.contains("| sgd"), "\(run.report)")
    }

    /// Every launch counts where a step is as small as this.
    @Test func `a recorded step of the smallest workload has these kernels`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let run = try DistTrainProgram.run(
        ["bench", "step", "--workload", "tiny", "--device", "cuda", "--seconds", "0.1", "--batch", "4"],
        environment: emulator.environment.merging(["EMULATED_CUDA_GRAPHS": "yes"]) { $1 })
      let forward =
        "gather_128 product relu_f32 product sigmoid_f32 copy_32 product gather_64 cross_entropy_f32 sum_rows_f32"
      let backward =
        "cross_entropy_gradient_f32 product product sum_columns_f32 sigmoidGradient_f32 product product "
        + "reluGradient_f32 product"
      let expected = "recorded: \(forward) \(backward) sgd_momentum_f32\n"
      #expect(run.succeeded && run.errorOutput == expected, "\(run.report)")
    }

    /// What all ranks add up besides gradients is put after them, and the sums are awaited by the update alone.
    @Test(.enabled(if: hasMPI, "built without MPI"))
    func `a recorded step of two ranks has the sums of NCCL, too`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let run = try DistTrainProgram.run(
        [
          "bench", "step", "--workload", "tiny", "--device", "cuda", "--seconds", "0.1", "--batch", "4", "--buckets",
          "1MiB",
        ],
        ranks: 2, environment: emulator.environment.merging(["EMULATED_CUDA_GRAPHS": "yes"]) { $1 })
      let tail = "fill_32 multiply_f32 fill_32 copy copy copy"
      let end = "product reluGradient_f32 product all_reduce sgd_momentum_f32"
      #expect(run.succeeded, "\(run.report)")
      #expect(run.errorOutput.contains(" \(tail) cross_entropy_gradient_f32 "), "\(run.report)")
      #expect(run.errorOutput.contains(" \(end)\n"), "\(run.report)")
    }

    /// The bytes of a step follow from its shapes: at least all weights, gradients and velocities go to and fro.
    @Test func `what a step on a GPU moves is counted, and told operator by operator`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let command = ["bench", "step", "--workload", "tiny", "--device", "cuda", "--seconds", "0.1", "--batch", "4"]
      let run = try DistTrainProgram.run(command + ["--profile", "--json"], environment: emulator.environment)
      #expect(run.succeeded, "\(run.report)")
      let record = try JSONSerialization.jsonObject(with: Data(run.output.utf8)) as? [String: Any]
      let rate = try #require(record?["gb_per_s"] as? Double)
      let microseconds = try #require(record?["step_us"] as? Double)
      // Of the 20-13-8-3 perceptron, three arrays of which two are written back.
      let weights = 4 * (20 * 13 + 13 * 8 + 8 * 3 + 3)
      #expect(rate * microseconds * 1e3 > Double(5 * weights), "\(run.report)")
      #expect(try #require(record?["ceiling_b_per_s"] as? Double) > 0)
      let operators = (record?["profile"] as? [[String: Any]])?.compactMap { $0["operator"] as? String } ?? []
      for name in ["sgd", "crossEntropy", "matmul a·bᵀ"] { #expect(operators.contains(name), "\(operators)") }
    }

    /// Steps are computed, recorded and repeated, in batches of two shapes, with evaluations between: enough for one of
    /// these at a time, and what it does not need is given back.
    @Test func `a run with little memory takes again what it has`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let data = try SyntheticData()
      let run = try DistTrainProgram.run(
        ["train", "--model", "cnn", "--data", data.path, "--output", data.run.path, "--global-batch", "16"]
          + ["--epochs", "3", "--device", "cuda"],
        environment: emulator.environment.merging(["EMULATED_CUDA_MEMORY": "\(60 << 20)"]) { $1 })
      #expect(run.succeeded, "\(run.report)")
    }

    @Test func `the ceilings of a GPU are measured`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let run = try DistTrainProgram.run(
        ["bench", "roofline", "--device", "cuda", "--size", "24", "--json"], environment: emulator.environment)
      #expect(run.succeeded, "\(run.report)")
      for name in ["memory_copy", "product_float32", "product_tf32", "product_bfloat16"] {
        #expect(run.output.contains("\"\(name)\":"), "\(run.report)")
      }
    }

    @Test(arguments: [true, false])
    func `the doctor says what computes convolutions`(_ hasLibrary: Bool) throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      if !hasLibrary { try FileManager.default.removeItem(at: emulator.folder.appending(path: "libcudnn.so.9")) }
      let run = try DistTrainProgram.run(["doctor"], environment: emulator.environment)
      // Without it in the folder one that the machine has is found.
      let expected = hasLibrary ? "cuDNN 99900" : "cuDNN"
      #expect(run.output.contains(expected), "\(run.report)")
    }

    /// Without it all biases are added as they are without the fast kernels.
    @Test(arguments: ["libcublasLt.so.13", "libnccl.so.2"])
    func `the doctor says whether cuBLASLt adds biases, and steps do without`(_ absent: String) throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      try FileManager.default.removeItem(at: emulator.folder.appending(path: absent))
      let run = try DistTrainProgram.run(["doctor"], environment: emulator.environment)
      let isThere = absent != "libcublasLt.so.13"
      #expect(run.output.contains("cuBLAS 139900, cuBLASLt 139900, ") == isThere, "\(run.report)")
      let step = ["bench", "step", "--workload", "tiny", "--device", "cuda", "--seconds", "0.1", "--batch", "4"]
      let steps = try DistTrainProgram.run(step, environment: emulator.environment)
      #expect(steps.succeeded, "\(steps.report)")
    }

    @Test func `a cuBLASLt that cannot be used is named, and not opened where nobody wants it`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let failing = emulator.environment.merging(["EMULATED_CUDA_FAILURE": "cublasLtCreate"]) { $1 }
      let path = emulator.folder.appending(path: "libcublasLt.so.13").path
      let run = try DistTrainProgram.run(["doctor"], environment: failing)
      let message = "cuBLASLt at \(path) cannot be used: cublasLtCreate: of the emulated cuBLASLt"
      #expect(run.output.contains("cuda:0 cannot be used: \(message)"), "\(run.report)")
      let without = try DistTrainProgram.run(
        ["doctor"], environment: failing.merging(["DISTTRAIN_KERNELS": "generic"]) { $1 })
      #expect(without.output.contains("cuBLAS 139900, convolutions by own kernels"), "\(without.report)")
    }

    @Test(arguments: ["float32", "bfloat16"])
    func `what cuDNN offers and then refuses is computed without it`(_ precision: String) throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let (here, there) = (try SyntheticData(), try SyntheticData())
      let arguments = ["--model", "cnn", "--steps", "2", "--global-batch", "2"]
      let first = try DistTrainProgram.run(here.train() + arguments)
      #expect(first.succeeded, "\(first.report)")
      let second = try DistTrainProgram.run(
        there.train("--device", "cuda", "--precision", precision) + arguments,
        environment: emulator.environment.merging(["EMULATED_CUDA_FAILURE": "cudnnConvolution"]) { $1 })
      #expect(second.succeeded, "\(second.report)")
      for (x, y) in zip(try losses(here), try losses(there)) { #expect(abs(x - y) < 1e-2, "\(second.report)") }
    }

    @Test func `a cuDNN that cannot be used is named, with the call that failed`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      let failing = emulator.environment.merging(["EMULATED_CUDA_FAILURE": "cudnnCreate"]) { $1 }
      let path = emulator.folder.appending(path: "libcudnn.so.9").path
      let run = try DistTrainProgram.run(["doctor"], environment: failing)
      let message = "cuDNN at \(path) cannot be used: cudnnCreate: of the emulated cuDNN"
      #expect(run.output.contains("cuda:0 cannot be used: \(message)"), "\(run.report)")
      let step = ["bench", "step", "--workload", "tiny", "--device", "cuda", "--seconds", "0.1"]
      try DistTrainProgram.run(step, environment: failing).expectFailure(message)
      // Who wants none of it does not open it.
      let without = try DistTrainProgram.run(
        ["doctor"], environment: failing.merging(["DISTTRAIN_KERNELS": "generic"]) { $1 })
      #expect(
        without.output.contains("convolutions by own kernels: DISTTRAIN_KERNELS is generic"), "\(without.report)")
    }

    @Test func `a folder without CUDA's libraries is named`() throws {
      let emulator = try Emulator()
      defer { emulator.remove() }
      try FileManager.default.removeItem(at: emulator.folder.appending(path: "libcublas.so.13"))
      let data = try SyntheticData()
      let run = try DistTrainProgram.run(
        data.train("--device", "cuda"), ranks: hasMPI ? 2 : nil, environment: emulator.environment)
      // On a machine with a GPU the next place has the library.
      if run.succeeded { return }
      run.expectFailure("cuBLAS was not found")
      #expect(run.errorOutput.contains(emulator.folder.path), "\(run.report)")
    }
  }
}
