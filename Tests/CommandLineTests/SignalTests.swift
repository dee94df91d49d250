import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// Ranks and jobs that are ended from outside, in the middle of training.
  @Suite struct SignalTests {
    let data: SyntheticData

    init() throws { data = try SyntheticData() }

    /// The arguments of a run that goes on for hours.
    private var endless: [String] { data.train("--epochs", "1000000", "--checkpoint-every", "4") }

    /// The processes that `parent` started.
    private func children(of parent: Int32) -> [Int32] {
      let text = try? String(contentsOfFile: "/proc/\(parent)/task/\(parent)/children", encoding: .utf8)
      return (text ?? "").split(separator: " ").compactMap { Int32($0) }.sorted()
    }

    /// Waits until the run has made some steps, and gives its ranks; none if it does not come to that in a minute.
    private func ranksOnceTraining(_ launcher: Int32) -> [Int32] {
      for _ in 0..<600 {
        let records = FileManager.default.contents(atPath: data.run.metrics)?.split(separator: UInt8(ascii: "\n"))
        if let records, records.count > 5 { return children(of: launcher) }
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

    @Test(.enabled(if: hasMPI, "built without MPI"), arguments: 0..<3)
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
      #expect(try expectResumable(ranks).isMultiple(of: 2))
    }

    /// `mpirun` leaves its ranks a second, which may be enough for another checkpoint.
    @Test(.enabled(if: hasMPI, "built without MPI"), arguments: [SIGTERM, SIGINT])
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

    /// Where a job is sent SIGUSR1: the process itself or the launcher that passes it on, or a rank alone.
    @Test(arguments: hasMPI ? [nil, 1, 2, 3, 4] : [nil], [false, true])
    func `a job that is asked to end writes a checkpoint, and resumes to the same bits`(
      _ ranks: Int?, _ reachesOneRank: Bool
    ) throws {
      let run = try DistTrainProgram.run(endless, ranks: ranks, timeout: 60) { launcher in
        let found = ranksOnceTraining(launcher)
        kill(reachesOneRank ? found.last ?? launcher : launcher, SIGUSR1)
      }
      try expectOrderlyEnd(run)
      let steps = try expectResumable([], ranks: ranks ?? 1) + 3
      let straight = try SyntheticData()
      let other = try DistTrainProgram.run(
        straight.train("--epochs", "1000000", "--steps", "\(steps)"), ranks: ranks ?? 1, timeout: 60)
      #expect(other.succeeded, "\(other.report)")
      #expect(try contents(data.run.model) == contents(straight.run.model))
    }

    /// Steps that nobody has waited for are among those that are made.
    @Test(.enabled(if: hasMPI, "built without MPI"), arguments: [1, 2])
    func `a job on GPUs that is asked to end writes a checkpoint`(_ ranks: Int) throws {
      let run = try EmulatedGPU.withEnvironment { environment in
        try DistTrainProgram.run(
          endless + ["--device", "cuda"], ranks: ranks, environment: environment, timeout: 120
        ) { launcher in
          _ = ranksOnceTraining(launcher)
          kill(launcher, SIGUSR1)
        }
      }
      try expectOrderlyEnd(run)
      try expectResumable([], "--device", "cpu")
    }

    /// The run says after which step it ended, and has recorded them all.
    private func expectOrderlyEnd(_ run: ProcessRun) throws {
      #expect(run.status == 128 + SIGUSR1 && !run.wasSignalled && !run.timedOut, "\(run.report)")
      let last = try #require(try MetricsHistory(path: data.run.metrics).training.last?.step)
      let end = try #require(run.lines.firstIndex { $0.hasPrefix("step \(last) of ") }, "\(run.report)")
      #expect(run.lines[end].hasSuffix(": the checkpoint is written, --resume goes on from here"), "\(run.report)")
      #expect(run.lines[end + 1] == "interrupted by SIGUSR1", "\(run.report)")
      #expect(try checkpointedStep() == last)
    }

    private func checkpointedStep() throws -> Int {
      let file = try SafetensorsFile(path: data.run.checkpoint)
      return try #require(file.metadata.first { $0.key == "step" }.flatMap { Int($0.value) })
    }

    /// No rank is left, and the run goes on from its checkpoint, whose step this gives.
    @discardableResult
    private func expectResumable(_ processes: [Int32], ranks: Int = hasMPI ? 2 : 1, _ flags: String...) throws -> Int {
      #expect(areGone(processes))
      let step = try checkpointedStep()
      #expect(step > 0)
      let run = try DistTrainProgram.run(
        ["train", "--resume", "--output", data.run.path, "--steps", "\(step + 3)"] + flags, ranks: ranks, timeout: 60)
      #expect(run.succeeded, "\(run.report)")
      let steps = try MetricsHistory(path: data.run.metrics).training.map(\.step)
      #expect(steps == Array(1...(step + 3)))
      return step
    }

    @Test func `a run that is killed in its first steps can be resumed`() throws {
      let run = try DistTrainProgram.run(data.train("--epochs", "1000000"), timeout: 60) { process in
        while !FileManager.default.fileExists(atPath: data.run.checkpoint) { usleep(1000) }
        kill(process, SIGKILL)
      }
      #expect(run.wasSignalled, "\(run.report)")
      #expect(try checkpointedStep() < 6, "no checkpoint before the end of the first epoch")
      let again = try DistTrainProgram.run(
        ["train", "--resume", "--output", data.run.path, "--steps", "9", "--epochs", "2"], timeout: 60)
      let straight = try SyntheticData()
      let other = try DistTrainProgram.run(straight.train("--epochs", "2", "--steps", "9"), timeout: 60)
      #expect(again.succeeded && other.succeeded, "\(again.report)\(other.report)")
      #expect(try contents(data.run.model) == contents(straight.run.model))
    }
  }
}
