import Foundation
import Testing
import TestSupport

@Suite struct ProcessRunTests {
  private let shell = URL(filePath: "/bin/sh")

  @Test func `status and outputs come back`() throws {
    let run = try ProcessRun.run(shell, ["-c", "echo \"$WORD\"; echo no >&2; exit 4"], environment: ["WORD": "yes"])
    #expect(run.status == 4 && !run.wasSignalled && !run.succeeded)
    #expect(run.output == "yes\n")
    #expect(run.errorOutput == "no\n")
  }

  @Test func `a command that hangs is ended with its children`() throws {
    let run = try ProcessRun.run(shell, ["-c", "trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000"], timeout: 0.5)
    #expect(run.timedOut && !run.succeeded)
    let child = try #require(Int32(run.output.trimmingCharacters(in: .whitespacesAndNewlines)))
    // The kernel ends a killed process when it next gets to it, which a busy machine may put off.
    for _ in 0..<200 where isRunning(child) { Thread.sleep(forTimeInterval: 0.05) }
    #expect(!isRunning(child))
  }

  @Test func `a product that is not there`() {
    #expect(throws: MissingExecutable.self) { try BuiltProduct.url("no-such-product") }
  }

  /// Whether a process runs; one that ended and was not yet waited for does not.
  private func isRunning(_ pid: Int32) -> Bool {
    guard let status = try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8) else { return false }
    return !status.contains(") Z ")
  }
}
