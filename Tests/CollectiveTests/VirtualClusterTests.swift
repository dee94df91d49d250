import Collective
import Foundation
import Testing
import TestSupport

/// Ranks on several hosts, which `launch/virtual-cluster` makes up on this machine.
@Suite(
  .serialized, .enabled(if: mpiLibraryVersion != nil, "built without MPI"),
  .enabled(if: VirtualCluster.obstacle == nil, "\(VirtualCluster.obstacle ?? "")"))
struct VirtualClusterTests {
  @Test(arguments: [[1, 1], [2, 2], [2, 1, 1]])
  func conformance(_ ranksPerHost: [Int]) throws {
    let run = try VirtualCluster.run(
      ranksPerHost: ranksPerHost, product: "conformance-ranks", arguments: ["shared-conformance"])
    #expect(run.succeeded, "\(run.report)")
    let expected = CollectiveConformance.checks.map { "passed: \($0.name)" }
    #expect(run.output.split(separator: "\n").map(String.init) == expected, "\(run.report)")
  }

  @Test func `hosts have names of their own, and only their ranks share memory`() throws {
    let run = try VirtualCluster.run(
      ranksPerHost: [2, 1], product: "conformance-ranks", arguments: ["describe"], rate: "1gbit", timeout: 60)
    #expect(run.succeeded, "\(run.report)")
    let places = run.output.split(separator: "\n").map { $0.split(separator: ",")[0...1].joined(separator: ",") }
    #expect(
      places.sorted() == [
        "rank 0 of 3, 0 of 2 on node1", "rank 1 of 3, 1 of 2 on node1", "rank 2 of 3, 0 of 1 on node2",
      ],
      "\(run.report)")
  }

  @Test(arguments: [
    ([1, 1], 1), ([2, 2], 2), ([1, 2], 1),
  ])
  func `memory is shared within hosts, messages go between them`(_ ranksPerHost: [Int], _ lanes: Int) throws {
    let run = try VirtualCluster.run(
      ranksPerHost: ranksPerHost, product: "conformance-ranks", arguments: ["sharing"], timeout: 60)
    // Open MPI warns where what it starts on a host is quicker than it.
    let errors = run.errorOutput.split(separator: "\n").filter { !$0.contains(": Warning: setpgid(") }
    #expect(run.succeeded && errors.isEmpty, "\(run.report)")
    let algorithm = "shared window, in place; messages between nodes by \(lanes) rank(s) each\n"
    #expect(run.output == algorithm, "\(run.report)")
  }

  @Test func `a command that is ended takes its hosts with it`() throws {
    let mark = "\(31_000_000 + getpid())"
    let run = try ProcessRun.run(
      VirtualCluster.launcher, ["2", "--", "sleep", mark], timeout: 300,
      whileRunning: { process in
        while Self.processes(with: "sleep\0\(mark)").count < 2 { usleep(10_000) }
        kill(process, SIGINT)
        kill(process, SIGTERM)
      })
    #expect(run.status == 130 || run.status == 143, "\(run.report)")
    #expect(!run.timedOut && Self.processes(with: "sleep\0\(mark)").isEmpty, "\(run.report)")
  }

  @Test(arguments: [
    (["0", "--", "true"], "N is the number of hosts, 1 to 99."),
    (["2", "--ranks", "1,2,3", "--", "true"], "--ranks has 3 numbers for 2 hosts."),
    (["2", "--ranks", "none", "--", "true"], "--ranks is 'none', expected numbers of 1 or more."),
    (["2", "--rate", "warp", "--", "true"], "tc refuses --rate warp"),
    (["2", "--speed", "1", "--", "true"], "Unknown: --speed"),
    (["2", "--"], "usage: launch/virtual-cluster N"),
  ])
  func `wrong arguments are named`(_ arguments: [String], _ message: String) throws {
    let run = try ProcessRun.run(VirtualCluster.launcher, arguments, timeout: 60)
    #expect(run.status == 1 && !run.timedOut && run.errorOutput.contains(message), "\(run.report)")
  }

  /// The processes whose command line has a text, in which zeros stand between the arguments.
  private static func processes(with text: String) -> [String] {
    let folders = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return folders.filter { name in
      guard Int(name) != nil, let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
        return false
      }
      return String(decoding: line, as: UTF8.self).hasPrefix(text)
    }
  }
}
