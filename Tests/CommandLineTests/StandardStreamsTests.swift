import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// Standard output and error that cannot be written to, or are not there.
  @Suite struct StandardStreamsTests {
    let data: SyntheticData

    init() throws { data = try SyntheticData() }

    /// Runs a script of a shell's in which `$0` is the program and `$@` trains.
    private func shell(_ script: String, _ more: String...) throws -> ProcessRun {
      try ProcessRun.run(
        URL(filePath: "/bin/bash"), ["-c", script, BuiltProduct.url("disttrain").path] + data.train() + more,
        timeout: 60)
    }

    @Test(arguments: ["2>/dev/full", "2>&-", "<&- 2>&-", "2>&1 >/dev/null | head -n 1", "2>&1 >/dev/null | true"])
    func `a standard error that nobody takes does not end training`(_ redirection: String) throws {
      let run = try shell(#""$0" "$@" \#(redirection); exit ${PIPESTATUS[0]}"#, "--steps", "30")
      #expect(run.succeeded, "\(run.report)")
      #expect(try MetricsHistory(path: data.run.metrics).training.map(\.step) == Array(1...30))
    }

    @Test func `results that are lost are an error`() throws {
      let message = "standard output: not all of what was printed could be written"
      try shell(#""$0" "$@" >/dev/full"#, "--steps", "1").expectFailure(message)
      let evaluation = #""$0" evaluate "\#(data.run.model)" --data "\#(data.path)" >/dev/full"#
      try shell(evaluation).expectFailure(message)
      let silent = try shell("\(evaluation) 2>&-")
      #expect(silent.status == 1 && !silent.wasSignalled, "\(silent.report)")
    }

    @Test func `a message that nobody takes leaves the status`() throws {
      let run = try shell(#""$0" evaluate /none 2>/dev/full"#)
      #expect(run.status == 1 && !run.wasSignalled, "\(run.report)")
      let wrong = try shell(#""$0" train --epochs x 2>/dev/full"#)
      #expect(wrong.status == 64 && !wrong.wasSignalled, "\(wrong.report)")
    }

    /// First whoever read the messages is gone, as in a pipeline after Ctrl-C, and then the terminal.
    @Test func `a terminal that is closed ends a run with a checkpoint of the last step`() throws {
      let run = try shell(
        #"""
        "$0" "$@" 2> >(head -n 5 >/dev/null) &
        until [ "$(wc -l <"\#(data.run.metrics)")" -gt 50 ]; do sleep 0.1; done
        kill -HUP $!
        wait $!
        """#, "--epochs", "1000000")
      #expect(run.status == 129 && !run.timedOut, "\(run.report)")
      let steps = try MetricsHistory(path: data.run.metrics).training.map(\.step)
      let resumed = try shell(#""$0" "$@""#, "--resume", "--epochs", "1000000", "--steps", "\(steps.count + 1)")
      #expect(resumed.errorOutput.contains("after step \(steps.count) of "), "\(resumed.report)")
    }

    @Test func `one run at a time has a folder`() throws {
      let run = try shell(
        #"""
        "$0" "$@" --epochs 1000000 >/dev/null 2>&1 &
        until [ -s "\#(data.run.metrics)" ]; do sleep 0.1; done
        "$0" "$@" --resume --epochs 1000000
        status=$?
        kill -TERM $!
        wait $!
        exit $status
        """#)
      run.expectFailure("\(data.run.path): another run is writing there: wait for its end, or choose another --output")
      let step = try MetricsHistory(path: data.run.metrics).training.count + 1
      let resumed = try shell(#""$0" "$@""#, "--resume", "--epochs", "1000000", "--steps", "\(step)")
      #expect(resumed.succeeded, "\(resumed.report)")
    }
  }
}
