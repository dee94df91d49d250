import DistTrain
import Foundation
import Testing
import TestSupport

extension DistTrainProgramTests {
  /// Training under Slurm, on hosts that `launch/virtual-cluster` makes up on this machine.
  @Suite(
    .enabled(if: hasMPI, "built without MPI"),
    .enabled(if: SlurmRun.obstacle == nil, "\(SlurmRun.obstacle ?? "")"))
  struct SlurmTests {
    @Test(arguments: [(hosts: 2, slots: 1), (hosts: 1, slots: 2), (hosts: 2, slots: 2)])
    func `ranks that srun starts train the weights of one process`(_ hosts: Int, _ slots: Int) throws {
      let (alone, together) = (try SyntheticData(), try SyntheticData())
      defer { extendLifetime((alone, together)) }
      let flags = ["--steps", "7", "--reproducible", "4"]
      let reference = try DistTrainProgram.run(alone.train() + flags)
      #expect(reference.succeeded, "\(reference.report)")
      let run = try SlurmRun.run(
        "exec srun --ntasks \(hosts * slots) disttrain \"$@\"", ["srun"] + together.train() + flags, hosts: hosts,
        slots: slots)
      #expect(run.succeeded, "\(run.report)")
      #expect(run.errorOutput.contains(": \(hosts * slots) ranks, \(slots) on this node, "), "\(run.report)")
      #expect(try contents(alone.run.model) == contents(together.run.model))
    }

    @Test func `a rank that ends badly ends the job`() throws {
      let data = try SyntheticData()
      let run = try SlurmRun.run(
        """
        srun --ntasks 4 disttrain "$@" &
        until [ -s "$0/metrics.jsonl" ]; do sleep 0.1; done
        pkill --signal KILL --newest --full "disttrain train .*$0"
        wait $!
        """, [data.run.path] + data.train("--epochs", "1000000"), hosts: 2, slots: 2)
      #expect(run.status != 0 && !run.wasSignalled && !run.timedOut, "\(run.report)")
      // Tasks of a node that end at the same moment are told in one line.
      #expect(run.errorOutput.contains(/srun: error: node\d: tasks? \d(-\d)?: Killed/), "\(run.report)")
    }

    /// Slurm holds a job that is queued again back for two minutes, unless it is told not to. (Within the second in which it
    /// ended it is refused.)
    @Test func `a job whose time is nearly up is queued again, and resumes`() throws {
      let data = try SyntheticData()
      let run = try SlurmRun.run(
        """
        job=$(OUTPUT=$0/run sbatch --parsable --nodes 2 --ntasks 4 --output "$0/log" launch/slurm.sbatch "$@")
        until [ -s "$0/run/metrics.jsonl" ]; do sleep 0.1; done
        scancel --signal=USR1 $job
        until [ "$(squeue --noheader --format %T)" = PENDING ]; do sleep 0.1; done
        sleep 2
        scontrol update JobId=$job StartTime=now
        until grep -q resuming "$0/log"; do sleep 0.1; done
        sleep 2
        scontrol show job $job | grep -o 'JobState=[A-Z]*\\|Restarts=[0-9]*'
        scancel --signal=USR1 $job
        until [ "$(squeue --noheader --format %T)" = PENDING ]; do sleep 0.1; done
        cat "$0/log"
        """,
        [data.path, "--model", "mlp", "--data", data.path, "--global-batch", "8", "--log-every", "1"]
          + ["--epochs", "1000000"], hosts: 2, slots: 2)
      #expect(run.succeeded && run.output.contains("JobState=RUNNING\nRestarts=1\n"), "\(run.report)")
      let steps = try MetricsHistory(path: data.run.metrics).training.map(\.step)
      #expect(steps == Array(1...steps.count))
      let ends = run.output.matches(of: /step (\d+) of \d+: the checkpoint is written/).map { "\($0.output.1)" }
      #expect(ends.count == 2 && ends.last == "\(steps.count)", "\(run.report)")
      #expect(run.output.contains("resuming \(data.run.path) after step \(ends.first ?? "") of "), "\(run.report)")
    }

    /// Slurm keeps a job that is queued again for two minutes, so that the end of its script is not taken for that of the
    /// next: here for two seconds.
    @Test func `a job whose place another takes is queued again, and one that is cancelled is not`() throws {
      let data = try SyntheticData()
      let run = try SlurmRun.run(
        """
        job=$(OUTPUT=$0/run sbatch --parsable --nodes 2 --ntasks 2 --output "$0/log" launch/slurm.sbatch "$@")
        until [ -s "$0/run/metrics.jsonl" ]; do sleep 0.1; done
        srun --partition urgent --ntasks 2 hostname
        scontrol show job $job | grep -o 'JobState=[A-Z]*\\|Restarts=[0-9]*'
        sleep 2
        until grep -q resuming "$0/log" || [ -z "$(squeue --noheader)" ]; do
          scontrol update JobId=$job StartTime=now
          sleep 1
        done
        scancel $job
        until [ -z "$(squeue --noheader)" ]; do sleep 0.1; done
        scontrol show job $job | grep -o 'JobState=[A-Z]*\\|Restarts=[0-9]*'
        cat "$0/log"
        """,
        [data.path, "--model", "mlp", "--data", data.path, "--global-batch", "8", "--log-every", "1"]
          + ["--epochs", "1000000"], hosts: 2, slots: 1)
      #expect(run.succeeded && run.output.contains("JobState=PENDING\nRestarts=1\n"), "\(run.report)")
      #expect(run.output.contains("JobState=CANCELLED\nRestarts=1\n"), "\(run.report)")
      let end = try #require(run.output.firstMatch(of: /step (\d+) of \d+: the checkpoint is written/), "\(run.report)")
      #expect(run.output.contains("interrupted by SIGTERM\n"), "\(run.report)")
      #expect(run.output.contains("resuming \(data.run.path) after step \(end.output.1) of "), "\(run.report)")
    }
  }
}
