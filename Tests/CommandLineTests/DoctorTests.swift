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
      #expect(run.output.contains("60000 + 10000 images of 28×28"), "\(run.report)")
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

    @Test(.enabled(if: hasMPI, "built without MPI"))
    func `every rank has its line`() throws {
      let run = try DistTrainProgram.run(["doctor"], ranks: 3, timeout: 60)
      for rank in 0..<3 {
        #expect(run.output.components(separatedBy: "\nrank \(rank) ").count == 2, "\(run.report)")
      }
      #expect(run.output.contains("3, 3 on this node"), "\(run.report)")
      #expect(run.succeeded == run.output.contains("Nothing is wrong."), "\(run.report)")
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
