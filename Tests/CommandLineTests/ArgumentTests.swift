import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  struct ArgumentTests {
    @Test(arguments: [
      ("", "SUBCOMMANDS:"), ("train", "--global-batch <samples>"), ("evaluate", "--split <split>"),
      ("predict", "PNG, JPEG, PGM or PPM"), ("bench", "allreduce"), ("bench step", "--workload <workload>"),
      ("bench allreduce", "1KiB,64KiB,1MiB,32MiB"), ("doctor", "--data <folder>"),
    ])
    func `every subcommand has help`(_ subcommand: String, _ content: String) throws {
      let words = subcommand.split(separator: " ").map(String.init)
      let run = try DistTrainProgram.run(words + ["--help"], timeout: 60)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      #expect(run.output.contains("USAGE: \((["disttrain"] + words).joined(separator: " ")) "), "\(run.report)")
      #expect(run.output.contains(content), "\(run.report)")
    }

    @Test func `the version is a number`() throws {
      let run = try DistTrainProgram.run(["--version"], timeout: 60)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      #expect(run.output.wholeMatch(of: /[0-9]+\.[0-9]+\.[0-9]+\n/) != nil, "\(run.report)")
    }

    #if os(Linux)
      /// As that of Ubuntu 22.04's MPI does, which Swift's library is loaded after.
      @Test(.enabled(if: hasMPI && (try? BuiltProduct.onPath("clang")) != nil, "no MPI, or no C compiler"))
      func `arguments are found where a library has added to the environment`() throws {
        let folder = try TemporaryFolder()
        let source = "\(folder.path)/adds.c"
        try #"""
        #include <stdlib.h>
        __attribute__((constructor)) static void add(void) { setenv("ADDED", "1", 1); }

        """#.write(toFile: source, atomically: false, encoding: .utf8)
        var libraries: [String] = []
        // What is loaded for another that is loaded for another begins before Swift's.
        for name in ["last", "middle", "first"] {
          let library = "\(folder.path)/\(name).so"
          let compiler = try ProcessRun.run(
            try BuiltProduct.onPath("clang"),
            ["-shared", "-fPIC", "-o", library, source, "-Wl,--no-as-needed"] + libraries.suffix(1))
          try #require(compiler.succeeded, "\(compiler.report)")
          libraries.append(library)
        }
        let run = try DistTrainProgram.run(["--version"], environment: ["LD_PRELOAD": libraries[2]], timeout: 60)
        #expect(run.succeeded && run.output.wholeMatch(of: /[0-9.]+\n/) != nil, "\(run.report)")
      }
    #endif

    @Test(.enabled(if: hasMPI, "built without MPI"))
    func `several ranks give help once`() throws {
      let run = try DistTrainProgram.run(["train", "--help"], ranks: 3, timeout: 60)
      #expect(run.succeeded && run.errorOutput.isEmpty, "\(run.report)")
      #expect(run.output.components(separatedBy: "USAGE: ").count == 2, "\(run.report)")
    }

    static let mistakes: [(arguments: String, message: String)] = [
      ("train --modle mlp", "Unknown option '--modle'. Did you mean '--model'?"),
      ("train --gobal-batch 3", "Unknown option '--gobal-batch'. Did you mean '--global-batch'?"),
      ("train --model transformer", "Please provide one of 'mlp', 'cnn', 'resnet18' or 'vit'."),
      ("train --compress zip", "The value 'zip' is invalid for '--compress <how>'"),
      (
        "train --buckets 3x",
        "The value '3x' is invalid for '--buckets <sizes>': expected auto, measured, a size such as 1MiB, or the first"
      ),
      ("bench step --buckets 1MiB,2MiB,3MiB", "The value '1MiB,2MiB,3MiB' is invalid for '--buckets <sizes>'"),
      ("train --epochs many", "The value 'many' is invalid for '--epochs <number>'"),
      ("train images", "Unexpected argument 'images'"),
      ("evaluate", "Missing expected argument '<model>'"),
      ("predict model.safetensors", "Missing expected argument '<file> ...'"),
      ("bench step --workload huge", "Please provide one of the following:"),
      ("bench step --seconds 0", "--seconds is 0.0, expected a number above 0"),
      ("bench step --batch 0", "--batch is 0, expected at least 1"),
      ("bench step --model 784", "a perceptron has at least the widths of its input and its output, as 784-10"),
      ("bench step --model 784-x-10", "“x” is no width; expected numbers from 1 on with - between them"),
      ("bench step --model 784--10", "“” is no width"),
      ("bench step --model 784-0-10", "“0” is no width"),
      ("bench step --model 99999-99999", "more than 2147483648 parameters"),
      ("bench step --model 9-9 --workload mlp", "--workload and --model both say what is trained"),
      (
        "bench allreduce --sizes 99999999999999K",
        "The value '99999999999999K' is invalid for '--sizes <sizes>': “99999999999999K” is more than the "
      ),
      ("bench step --accumulate 0", "--accumulate is 0, expected at least 1"),
      ("bench step --reproducible 6", "--reproducible is 6, expected a power of two"),
      ("bench roofline --size 64", "--size is 64 with --device cpu, expected it with --device cuda only"),
      ("bench roofline --device cuda --size 0", "--size is 0, expected 1 to 32768"),
      ("bench roofline --device cuda --size 4611686018427387904", "expected 1 to 32768"),
      (
        "bench allreduce --sizes 1K,1KB",
        "“1KB” is no size; expected a number of bytes such as 4096, 256K, 256KiB or 1M"
      ),
      ("bench allreduce --sizes 1K,,4K", "“” is no size"),
      ("bench allreduce --sizes 6", "“6” is no whole number of floats; expected a multiple of 4 bytes"),
    ]

    @Test(arguments: mistakes)
    func `a mistake on the command line is told`(_ arguments: String, _ message: String) throws {
      let run = try DistTrainProgram.run(arguments.split(separator: " ").map(String.init), timeout: 60)
      run.expectFailure(message)
      #expect(run.status == EX_USAGE && run.output.isEmpty, "\(run.report)")
    }

    @Test(arguments: ["train", "bench step"])
    func `the ranks of a compression are told`(_ command: String) throws {
      let words = command.split(separator: " ").map(String.init)
      let run = try DistTrainProgram.run(words + ["--compress", "powersgd-0"], timeout: 60)
      run.expectFailure("The value 'powersgd-0' is invalid for '--compress <")
      #expect(run.errorOutput.contains("powersgd-1 to powersgd-256"), "\(run.report)")
    }

    @Test(.enabled(if: hasMPI, "built without MPI"), arguments: [mistakes[0], mistakes[8]])
    func `several ranks tell a mistake once`(_ arguments: String, _ message: String) throws {
      let run = try DistTrainProgram.run(arguments.split(separator: " ").map(String.init), ranks: 3, timeout: 60)
      run.expectFailure(message)
      #expect(run.status == EX_USAGE && run.output.isEmpty, "\(run.report)")
      #expect(!run.errorOutput.contains("mpirun"), "\(run.report)")
    }

    @Test(arguments: [["train"], ["bench", "step"]])
    func `the environment names the folder with the images`(_ arguments: [String]) throws {
      let run = try DistTrainProgram.run(arguments, environment: ["DISTTRAIN_DATA": "/none"], timeout: 60)
      run.expectFailure("/none: there is no such folder to hold")
    }

    static let values: [(arguments: [String], message: String)] = [
      (["--global-batch", "0"], "--global-batch is 0, expected at least 1"),
      (["--epochs", "0"], "--epochs is 0, expected at least 1"),
      (["--steps", "0"], "--steps is 0, expected at least 1"),
      (["--learning-rate=-1"], "--learning-rate is -1.0, expected a finite number from 0"),
      (["--learning-rate", "nan"], "--learning-rate is nan, expected a finite number from 0"),
      (["--clip-norm", "0"], "--clip-norm is 0.0, expected a positive number"),
      (["--momentum", "1"], "--momentum is 1.0, expected a number from 0 to below 1"),
      (["--log-every", "0"], "--log-every is 0, expected at least 1"),
    ]

    @Test(arguments: values)
    func `a value that cannot be is told`(_ arguments: [String], _ message: String) throws {
      let run = try DistTrainProgram.run(["train"] + arguments, timeout: 60)
      run.expectFailure(message)
      #expect(run.errorOutput.split(separator: "\n").count == 1, "\(run.report)")
    }
  }
}
