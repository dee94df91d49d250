import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// Ranks and jobs that are ended from outside, in the middle of training.
  @Suite(.enabled(if: hasMPI, "built without MPI"))
  struct SignalTests {
    let data: SyntheticData

    init() throws { data = try SyntheticData() }

    /// The arguments of a run that goes on for hours.
    private var endless: [String] { data.train("--epochs", "1000000", "--checkpoint-every", "4") }

    /// The processes that `parent` started.
    private func children(of parent: Int32) -> [Int32] {
      let text = try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
      return (text ?? "").split(separator: " ").compactMap { Int32($0) }.sorted()
    }

    /// Waits until the run has written a checkpoint, and gives its ranks; none if it does not come to that in a minute.
    private func ranksOnceTraining(_ launcher: Int32) -> [Int32] {
      for _ in 0..<600 {
        if FileManager.default.fileExists(atPath: data.run.checkpoint) { return children(of: launcher) }
        Thread.sleep(forTimeInterval: 0.1)
      }
      return []
    }

    /// Whether all processes end within ten seconds; one that nobody has waited for yet has no command line any more.
    private func areGone(_ processes: [Int32]) -> Bool {
      for _ in 0..<100 {
        let commands = processes.map { try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8) }
        if commands.allSatisfy({ $0?.contains("disttrain") != true }) { return true }
        Thread.sleep(forTimeInterval: 0.1)
      }
      return false
    }

    @Test(arguments: 0..<3)
    func `killing a rank ends the job and names the rank`(_ rank: Int) throws {
      var ranks: [Int32] = []
      let run = try DistTrainProgram.run(endless, ranks: 3, timeout: 60) { launcher in
        ranks = ranksOnceTraining(launcher)
        if ranks.count == 3 { kill(ranks[rank], SIGKILL) }
      }
      #expect(ranks.count == 3)
      #expect(run.status != 0 && !run.timedOut, "\(run.report)")
      #expect(run.errorOutput.contains("process rank \(rank) with PID"), "\(run.report)")
      #expect(run.errorOutput.contains("signal 9"), "\(run.report)")
      #expect(run.messages.isEmpty, "\(run.report)")
      try expectResumable(ranks)
    }

    @Test(arguments: [SIGTERM, SIGINT])
    func `ending the launcher ends all ranks and leaves a checkpoint`(_ signal: Int32) throws {
      var ranks: [Int32] = []
      let run = try DistTrainProgram.run(endless, ranks: 2, timeout: 60) { launcher in
        ranks = ranksOnceTraining(launcher)
        kill(launcher, signal)
      }
      #expect(ranks.count == 2)
      #expect((run.status != 0 || run.wasSignalled) && !run.timedOut, "\(run.report)")
      #expect(run.messages.isEmpty, "\(run.report)")
      try expectResumable(ranks)
    }

    /// No rank is left, and the run goes on from its checkpoint.
    private func expectResumable(_ ranks: [Int32]) throws {
      #expect(areGone(ranks))
      let file = try SafetensorsFile(path: data.run.checkpoint)
      let step = try #require(file.metadata.first { $0.key == "step" }.flatMap { Int($0.value) })
      #expect(step > 0 && step.isMultiple(of: 2))
      let run = try DistTrainProgram.run(
        ["train", "--resume", "--output", data.run.path, "--steps", "\(step + 3)"], ranks: 2, timeout: 60)
      #expect(run.succeeded, "\(run.report)")
      let steps = try MetricsHistory(path: data.run.metrics).training.map(\.step)
      #expect(steps == Array(1...(step + 3)))
    }
  }
}
