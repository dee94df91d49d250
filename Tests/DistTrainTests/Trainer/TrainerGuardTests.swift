import Autograd
import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

/// What a run checks, and what it leaves behind, beside its losses.
struct TrainerGuardTests {
  /// The errors of two ranks with a configuration each, and whatever `meddle` does to rank 1's trainer before it runs.
  private static func errors(
    _ configurations: [TrainingConfiguration], _ meddle: @escaping @Sendable (Trainer) -> Void = { _ in }
  ) throws -> [String] {
    try ThreadCommunicator.run(size: 2) { communicator in
      do {
        let trainer = try Trainer(
          configurations[communicator.rank], resume: false, communicator: communicator,
          display: ProgressDisplay.Output(isTerminal: false, columns: { 80 }, write: { _ in }, now: { 0 }))
        if communicator.rank == 1 { meddle(trainer) }
        _ = try trainer.run()
        return ""
      } catch { return "\(error)" }
    }
  }

  @Test func `replicas that differ end the run where they are compared`() throws {
    var job = try SmallJob()
    let damage: @Sendable (Trainer) -> Void = { trainer in
      trainer.replica.arena.parameters[0].parameter.withMutableBytes { $0[6] ^= 1 }
    }
    job.configuration.verifyReplicas = 4
    let found = try Self.errors([job.configuration, job.configuration], damage)
    let text = "stopped at step 4 (epoch 1): replicas differ"
    #expect(found.allSatisfy { $0.hasPrefix(text) }, "\(found)")
    var careless = try SmallJob()
    careless.configuration.verifyReplicas = 0
    #expect(try Self.errors([careless.configuration, careless.configuration], damage) == ["", ""])
  }

  @Test func `a model that cannot be written fails on all ranks`() throws {
    let job = try SmallJob()
    // Before training it would be refused.
    let found = try Self.errors([job.configuration, job.configuration]) { trainer in
      try? FileManager.default.createDirectory(atPath: trainer.directory.model, withIntermediateDirectories: false)
    }
    #expect(
      found == ["\(job.directory.model): is not a regular file", "rank 0 failed while writing the trained model"])
  }

  @Test func `ranks with other settings are refused`() throws {
    let job = try SmallJob()
    var other = job.configuration
    other.seed = 1
    let found = try Self.errors([job.configuration, other])
    #expect(
      found.contains { $0.contains("the configuration differs on rank 1: seed is 1, but 0 on rank 0") }, "\(found)")
  }

  @Test func `an epoch's last step is recorded whatever the interval is`() throws {
    var job = try SmallJob()
    job.configuration.logEvery = 4
    #expect(try job.run(ranks: 1).allSatisfy { $0.error == nil })
    let records = try MetricsHistory(path: job.directory.metrics).training
    #expect(records.map(\.step) == [4, 6, 8, 12])
    for part in [\TrainingRecord.Seconds.data, \.forward, \.backward, \.optimizer] {
      #expect(records.contains { $0.seconds[keyPath: part] > 0 })
    }
  }

  @Test func `TensorBoard gets all that is measured`() throws {
    var job = try SmallJob()
    job.configuration.clipNorm = 1
    #expect(try job.run(ranks: 1).allSatisfy { $0.error == nil })
    let files = try FileManager.default.contentsOfDirectory(atPath: job.directory.path)
    let name = try #require(files.first { $0.hasPrefix("events.out.tfevents.") })
    let events = try contents("\(job.directory.path)/\(name)")
    for tag in [
      "train/loss", "train/learning_rate", "train/samples_per_second", "train/gradient_norm", "test/loss",
      "test/accuracy",
    ] {
      #expect(Data(events).range(of: Data(tag.utf8)) != nil, "no \(tag)")
    }
  }

  @Test func `a run that has ended lets another go on in its folder`() throws {
    var job = try SmallJob()
    job.configuration.steps = 3
    let display = ProgressDisplay.Output(isTerminal: false, columns: { 80 }, write: { _ in }, now: { 0 })
    let first = try Trainer(
      job.configuration, resume: false, communicator: LocalCommunicator(), display: display)
    _ = try first.run()
    job.configuration.steps = 5
    let second = try Trainer(job.configuration, resume: true, communicator: LocalCommunicator(), display: display)
    _ = try second.run()
    #expect(first.replica.stepCount == 3 && second.replica.stepCount == 5)
  }
}
