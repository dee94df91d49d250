import Collective
import DistTrain
import Foundation
import Testing
import TestSupport

/// The samples a second of a run, by a clock of the test's own.
struct SampleRateTests {
  /// Goes on by a quarter of a second whenever it is looked at, which is twice a step, and by a thousand seconds for each
  /// evaluation and each checkpoint.
  private final class Clock {
    private let checkpoint: String
    private var lastFile: UInt64?
    private var seconds = 0.0

    init(checkpoint: String) { self.checkpoint = checkpoint }

    func now() -> Double {
      let attributes = try? FileManager.default.attributesOfItem(atPath: checkpoint)
      let file = (attributes?[.systemFileNumber] as? NSNumber)?.uint64Value
      if file != lastFile { seconds += 1000 }
      lastFile = file
      seconds += 0.25
      return seconds
    }

    func show(_ text: String) {
      if text.contains(": test loss") { seconds += 1000 }
    }
  }

  @Test func `samples a second are means over the steps of an interval, and of these alone`() throws {
    var job = try SmallJob()
    job.configuration.logEvery = 4
    job.configuration.checkpointEvery = 5
    let clock = Clock(checkpoint: job.directory.checkpoint)
    let display = ProgressDisplay.Output(isTerminal: false, columns: { 80 }, write: clock.show, now: clock.now)
    let trainer = try Trainer(
      job.configuration, resume: false, communicator: LocalCommunicator(), display: display)
    _ = try trainer.run()
    let records = try MetricsHistory(path: job.directory.metrics).training
    // Steps of half a second have 8 samples, the 6th and the 12th 4.
    #expect(records.map(\.step) == [4, 6, 8, 12])
    #expect(records.map(\.samplesPerSecond) == [16, 12, 16, 14])
  }
}
