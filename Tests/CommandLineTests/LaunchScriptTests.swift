import Foundation
import Testing
import TestSupport

/// What the scripts of `launch` say before they install or build anything.
@Suite struct LaunchScriptTests {
  private static let launch = VirtualCluster.launcher.deletingLastPathComponent()

  @Test(arguments: [
    ("bench", ["--peer"], "usage: launch/bench [--peers [argument ...]], found: --peer"),
    ("pack", [], "usage: launch/pack FOLDER\n"), ("pack", ["--out"], "usage: launch/pack FOLDER, found: '--out'"),
  ])
  func `a wrong argument is told, through a link and without a home`(
    _ script: String, _ arguments: [String], _ message: String
  ) throws {
    let folder = try TemporaryFolder()
    let link = "\(folder.path)/a link"
    try FileManager.default.createSymbolicLink(
      atPath: link, withDestinationPath: Self.launch.appending(path: script).path)
    let run = try ProcessRun.run(
      URL(filePath: "/usr/bin/env"), ["-u", "HOME", link] + arguments, timeout: 30)
    #expect(run.status == 1 && run.errorOutput.contains(message), "\(run.report)")
  }

  @Test func `a folder for the peers that has no Python is not made`() throws {
    let folder = try TemporaryFolder()
    let run = try ProcessRun.run(
      Self.launch.appending(path: "bench"), ["--peers"], environment: ["DISTTRAIN_PEERS": "\(folder.path)/none"],
      timeout: 30)
    #expect(run.status == 1 && run.errorOutput.contains("there is no \(folder.path)/none/bin/python3"), "\(run.report)")
    #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/none"))
  }
}
