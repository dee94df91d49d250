import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  struct DoctorTests {
    static let facts = [
      "processor", "features", "memory", "kernels", "BLAS", "MPI", "launched by", "ranks", "GPU", "data", "rank 0",
    ]

    @Test func `by hand`() throws {
      let run = try DistTrainProgram.run(["doctor"], timeout: 60)
      let lines = run.output.split(separator: "\n").map(String.init)
      for fact in Self.facts { #expect(lines.contains { $0.hasPrefix("\(fact) ") }, "no \(fact): \(run.report)") }
      #expect(run.output.contains("60000 + 10000 images of 1×28×28"), "\(run.report)")
      #expect(run.succeeded == lines.contains("Nothing is wrong."), "\(run.report)")
      #expect(run.errorOutput.isEmpty, "\(run.report)")
    }

    @Test func `kernels are chosen by the environment`() throws {
      let plain = try DistTrainProgram.run(["doctor"], environment: ["DISTTRAIN_KERNELS": "generic"], timeout: 60)
      #expect(plain.output.contains("kernels     generic (DISTTRAIN_KERNELS), "), "\(plain.report)")
      let fast = try DistTrainProgram.run(["doctor"], environment: ["DISTTRAIN_KERNELS": "fast"], timeout: 60)
      #expect(fast.output.contains("kernels     fast, for "), "\(fast.report)")
      let wrong = try DistTrainProgram.run(["doctor"], environment: ["DISTTRAIN_KERNELS": "quick"], timeout: 60)
      wrong.expectFailure("DISTTRAIN_KERNELS is \"quick\", expected fast or generic")
    }

    @Test(
      .enabled(
        if: ["avx2", "fma"].allSatisfy(Processor.description.flags.contains), "a processor for the oldest kernels"))
    func `kernels of OpenBLAS that are too old make training slower`() throws {
      let plain = try DistTrainProgram.run(["doctor"], timeout: 60)
      #expect(!plain.output.contains("oldest kernels") && !plain.output.contains("(core: Prescott)"), "\(plain.report)")
      let old = try DistTrainProgram.run(["doctor"], environment: ["OPENBLAS_CORETYPE": "Prescott"], timeout: 60)
      #expect(old.output.contains("What makes training slower:\n"), "\(old.report)")
      #expect(old.output.contains("OpenBLAS computes by its oldest kernels"), "\(old.report)")
      #expect(old.succeeded == old.output.contains("Nothing is wrong."), "\(old.report)")
    }

    @Test(.enabled(if: hasMPI, "built without MPI"))
    func `every rank has its line`() throws {
      let run = try DistTrainProgram.run(["doctor"], ranks: 3, timeout: 60)
      for rank in 0..<3 {
        #expect(run.output.components(separatedBy: "\nrank \(rank) ").count == 2, "\(run.report)")
      }
      #expect(run.output.contains("3, 3 on this node"), "\(run.report)")
      #expect(run.succeeded == run.output.contains("Nothing is wrong."), "\(run.report)")
    }

    @Test(.enabled(if: hasMPI, "built without MPI"))
    func `slow is not wrong, and what train refuses is`() throws {
      let crowded = try DistTrainProgram.run(["doctor"], ranks: Processor.onlineCores + 1, timeout: 60)
      #expect(
        crowded.succeeded && crowded.output.contains("What makes training slower:\n  - rank 0: "), "\(crowded.report)")
      let data = try SyntheticData(training: 1)
      let few = try DistTrainProgram.run(["doctor", "--data", data.path], ranks: 2, timeout: 60)
      #expect(few.status == 1 && few.output.contains("2 ranks for 1 training samples"), "\(few.report)")
      try data.folder.write(
        idx(shape: [13, 14, 56], elements: Array(repeating: 0, count: 13 * 784)), to: "t10k-images-idx3-ubyte")
      let small = try DistTrainProgram.run(["doctor", "--data", data.path], timeout: 60)
      #expect(small.status == 1 && small.output.contains("the images are 1×14×56, expected 1×28×28"), "\(small.report)")
    }

    @Test func `the environment says how many threads`() throws {
      for (value, count) in [("1", 1), ("3", 3), ("5,2", 5)] {
        let run = try DistTrainProgram.run(["doctor"], environment: ["OMP_NUM_THREADS": value], timeout: 60)
        #expect(run.output.contains(", \(count) thread(s)\n"), "\(run.report)")
      }
      for ranks in hasMPI ? [nil, 3] : [nil] {
        try DistTrainProgram.run(["doctor"], ranks: ranks, environment: ["OMP_NUM_THREADS": "many"], timeout: 60)
          .expectFailure("OMP_NUM_THREADS is 'many', expected a number from 1 to 1024")
      }
    }

    @Test func `the environment names the folder with the images`() throws {
      let run = try DistTrainProgram.run(["doctor"], environment: ["DISTTRAIN_DATA": "/none"], timeout: 60)
      #expect(run.output.contains("data        /none: not usable"), "\(run.report)")
      let empty = try DistTrainProgram.run(["doctor"], environment: ["DISTTRAIN_DATA": ""], timeout: 60)
      #expect(empty.output.contains("data        \(MNISTFolder.systemPath): "), "\(empty.report)")
    }

    @Test func `missing data is wrong`() throws {
      let run = try DistTrainProgram.run(["doctor", "--data", "/none"], ranks: hasMPI ? 2 : nil, timeout: 60)
      #expect(run.status == 1 && !run.timedOut, "\(run.report)")
      #expect(run.output.contains("What is wrong:"), "\(run.report)")
      #expect(run.output.contains("/none: there is no such folder to hold train-images-idx3-ubyte.gz"), "\(run.report)")
      #expect(run.errorOutput.isEmpty, "\(run.report)")
    }
  }
}
