import Autograd
import Foundation

/// What rank 0 shows and writes while a run goes on.
struct RunLog {
  private let configuration: TrainingConfiguration
  private let directory: RunDirectory
  private let metrics: MetricsLog
  private let tensorBoard: TensorBoardLog
  private var history: MetricsHistory
  private var display: ProgressDisplay
  /// Sums since the last training record.
  private var interval = Interval()
  /// Seconds since any fixed moment, as the display counts them.
  private let now: () -> Double
  /// When the last step was noted, or what came after it was done.
  private var lastTime: Double

  private struct Interval {
    var steps = 0
    var samples = 0
    var elapsed = 0.0
    var seconds = TrainingRecord.Seconds()
  }

  init(
    _ configuration: TrainingConfiguration, directory: RunDirectory, resumedStep: Int?, totalSteps: Int, epochs: Int,
    display: ProgressDisplay.Output
  ) throws {
    self.configuration = configuration
    self.directory = directory
    if let resumedStep {
      metrics = try MetricsLog(path: directory.metrics, resumingAfter: resumedStep)
      history = try MetricsHistory(path: directory.metrics)
    } else {
      metrics = try MetricsLog(path: directory.metrics)
      history = MetricsHistory()
    }
    let file = try AtomicFile(path: directory.configuration)
    try file.write(configuration.yaml().utf8)
    try file.commit()
    tensorBoard = try TensorBoardLog(folder: directory.path, after: resumedStep ?? 0)
    now = display.now
    lastTime = now()
    self.display = ProgressDisplay(
      epochs: epochs, totalSteps: totalSteps, lineInterval: max(configuration.logEvery, totalSteps / 50),
      output: display)
    if let resumedStep { self.display.message("resuming \(directory.path) after step \(resumedStep) of \(totalSteps)") }
    if let damage = metrics.damage { self.display.message("note: \(damage)") }
  }

  /// Takes note of a training step, and writes a record of the steps since the last one when it is time.
  mutating func add(
    step: Int, epoch: Int, _ outcome: Replica.Outcome, learningRate: Double, seconds: TrainingRecord.Seconds,
    isLast: Bool
  ) throws {
    interval.steps += 1
    interval.samples += Int(outcome.count)
    let time = now()
    interval.elapsed += time - lastTime
    lastTime = time
    interval.seconds += seconds
    display.update(step: step, epoch: epoch, loss: outcome.loss, samples: Int(outcome.count))
    guard isLast || step.isMultiple(of: configuration.logEvery) else { return }
    let record = TrainingRecord(
      step: step, epoch: epoch, loss: outcome.loss, learningRate: learningRate, gradientNorm: outcome.gradientNorm,
      samplesPerSecond: Double(interval.samples) / max(interval.elapsed, .leastNormalMagnitude),
      seconds: interval.seconds / Double(interval.steps))
    interval = Interval()
    history.training.append(record)
    try metrics.write(record)
    try tensorBoard.write(
      [
        ("train/loss", record.loss), ("train/learning_rate", learningRate),
        ("train/samples_per_second", record.samplesPerSecond),
      ] + (record.gradientNorm.map { [("train/gradient_norm", $0)] } ?? []), step: step)
  }

  /// Takes note of an evaluation, and keeps the model if it is the first of so many right answers.
  mutating func add(step: Int, epoch: Int, _ evaluation: Evaluation, of model: Module, kind: ImageModel) throws {
    if history.evaluations.allSatisfy({ $0.accuracy < evaluation.accuracy }) {
      try kind.write(model, to: directory.best)
    }
    let record = EvaluationRecord(
      step: step, epoch: epoch, split: "test", loss: evaluation.loss, accuracy: evaluation.accuracy,
      count: evaluation.count)
    history.evaluations.append(record)
    try metrics.write(record)
    try tensorBoard.write([("test/loss", record.loss), ("test/accuracy", record.accuracy)], step: step)
    try writeCurve()
    display.message("epoch \(epoch): test \(evaluation)")
  }

  /// Leaves time out of the rates of samples that was not spent in steps: the clock goes on from now.
  mutating func skipElapsedTime() {
    lastTime = now()
    display.skipElapsedTime()
  }

  /// Waits until the metrics so far are on the disk.
  func synchronize() throws { try metrics.synchronize() }

  /// Shows a line.
  mutating func message(_ text: String) { display.message(text) }

  /// Ends the display, so that what is shown next starts on a line of its own.
  mutating func endDisplay() { display.finish() }

  /// Writes the trained model.
  func finish(model: Module, of kind: ImageModel) throws {
    try kind.write(model, to: directory.model)
    try writeCurve()
  }

  private func writeCurve() throws {
    try history.curve(title: "\(configuration.model.rawValue), global batch \(configuration.globalBatch)")
      .write(to: directory.curve)
  }
}

extension Evaluation: CustomStringConvertible {
  /// Loss, accuracy and the number of samples.
  public var description: String {
    "loss \(loss.text(decimals: 4)), accuracy \((accuracy * 100).text(decimals: 2)) % of \(count) images"
  }
}

extension TrainingRecord.Seconds {
  static func += (sum: inout Self, other: Self) {
    sum.data += other.data
    sum.forward += other.forward
    sum.backward += other.backward
    sum.communication += other.communication
    sum.optimizer += other.optimizer
  }

  static func / (sum: Self, number: Double) -> Self {
    Self(
      data: sum.data / number, forward: sum.forward / number, backward: sum.backward / number,
      communication: sum.communication / number, optimizer: sum.optimizer / number)
  }
}
