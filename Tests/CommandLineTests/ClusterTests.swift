import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// Training on several hosts, which `launch/virtual-cluster` makes up on this machine.
  @Suite(
    .enabled(if: hasMPI, "built without MPI"),
    .enabled(if: VirtualCluster.obstacle == nil, "\(VirtualCluster.obstacle ?? "")"))
  struct ClusterTests {
    private func train(
      _ data: SyntheticData, ranksPerHost: [Int], rate: String? = nil, _ arguments: String...
    ) throws -> RunDirectory {
      let run = try VirtualCluster.run(
        ranksPerHost: ranksPerHost, product: "disttrain",
        arguments: data.train("--steps", "7", "--verify-replicas", "1") + arguments, rate: rate)
      #expect(run.succeeded, "\(run.report)")
      return data.run
    }

    private func losses(_ run: RunDirectory) throws -> [Double] {
      try MetricsHistory(path: run.metrics).training.map(\.loss)
    }

    @Test(arguments: [([1, 1], nil), ([1, 1, 1], "1gbit"), ([2, 1], nil), ([2, 2], "1gbit")])
    func `hosts train as one process does`(_ ranksPerHost: [Int], _ rate: String?) throws {
      let (alone, together) = (try SyntheticData(), try SyntheticData())
      defer { extendLifetime((alone, together)) }
      let reference = try DistTrainProgram.run(alone.train("--steps", "7", "--precision", "float64"))
      #expect(reference.succeeded, "\(reference.report)")
      let run = try train(together, ranksPerHost: ranksPerHost, rate: rate, "--precision", "float64")
      let (expected, found) = (try losses(alone.run), try losses(run))
      #expect(expected.count == 7 && found.count == 7 && found[0] != found[6])
      #expect(zip(expected, found).allSatisfy { abs($0 - $1) < 1e-12 }, "\(expected), \(found)")
    }

    @Test func `hosts train the same weights as one process where that is asked`() throws {
      let data = try (0..<3).map { _ in try SyntheticData() }
      defer { extendLifetime(data) }
      let alone = try DistTrainProgram.run(data[0].train("--steps", "7", "--reproducible", "4", "--model", "cnn"))
      #expect(alone.succeeded, "\(alone.report)")
      _ = try train(data[1], ranksPerHost: [2, 2], "--reproducible", "4", "--model", "cnn")
      // Nodes of unequal size are no branches of the tree of all ranks.
      _ = try train(data[2], ranksPerHost: [3, 1], "--reproducible", "4", "--model", "cnn")
      let weights = try contents(data[0].run.model)
      #expect(try contents(data[1].run.model) == weights)
      #expect(try contents(data[2].run.model) == weights)
    }

    @Test(arguments: ["bfloat16", "float16", "powersgd-4"])
    func `compressed gradients train between hosts that share memory`(_ compression: String) throws {
      let (exact, compressed) = (try SyntheticData(), try SyntheticData())
      defer { extendLifetime((exact, compressed)) }
      let first = try train(exact, ranksPerHost: [2, 1])
      let second = try train(compressed, ranksPerHost: [2, 1], "--compress", compression)
      #expect(try contents(first.model) != contents(second.model))
      let (expected, found) = (try losses(first), try losses(second))
      #expect(found.count == 7 && found[6] < found[0] && found[0] == expected[0], "\(found)")
    }

    @Test(arguments: [[1, 1, 1], [2, 2]])
    func `a sharded optimizer gives the same model and checkpoint`(_ ranksPerHost: [Int]) throws {
      let (whole, sharded) = (try SyntheticData(), try SyntheticData())
      defer { extendLifetime((whole, sharded)) }
      let first = try train(whole, ranksPerHost: ranksPerHost)
      let second = try train(sharded, ranksPerHost: ranksPerHost, "--shard-optimizer")
      #expect(try contents(first.model) == contents(second.model))
      #expect(try contents(first.checkpoint) == contents(second.checkpoint))
    }

    @Test func `the doctor looks at every host's data`() throws {
      let run = try VirtualCluster.run(
        ranksPerHost: [2, 1], product: "disttrain", arguments: ["doctor", "--data", "/none"], timeout: 60)
      let problems = run.output.split(separator: "\n").filter { $0.contains("/none: there is no such folder") }
      #expect(run.status == 1 && !run.timedOut, "\(run.report)")
      // Of training and test images, from the first rank of a host.
      #expect(problems.map { $0.prefix(10) } == [0, 0, 2, 2].map { "  - rank \($0)" }, "\(run.report)")
    }
  }
}
