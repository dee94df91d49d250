import Autograd
import Collective
import DistTrain
import Foundation
import TestSupport

/// A job of ``Trainer`` on a data set of 44 images that the test writes, with ranks that are threads.
struct SmallJob {
  /// What a rank ends with.
  struct Ended: Sendable {
    var evaluation: Evaluation?
    /// The checksum of all weights.
    var weights: UInt64?
    var directory: String?
    var buckets: ChosenBuckets?
    /// The description of what it threw.
    var error: String?
  }

  let folder: TemporaryFolder
  /// What is shown by rank 0.
  let shown = CollectedTexts()
  var configuration = TrainingConfiguration()
  /// Whether it is shown on a terminal.
  var isOnTerminal = false
  /// Where the cache's folder is made; nil for one of this job.
  var cachePath: String?

  /// The steps of an epoch: 5 of 8 samples and one of 4.
  static let stepsPerEpoch = 6

  init() throws {
    folder = try TemporaryFolder()
    try folder.writeImages(training: 44, test: 13)
    configuration.model = .mlp
    configuration.data = folder.path
    configuration.globalBatch = 8
    configuration.epochs = 2
    configuration.learningRate = 0.05
    configuration.precision = .float64
    configuration.logEvery = 1
    configuration.output = "\(folder.path)/run"
    // Ranks that are threads share the cores, and bits must not depend on what else runs in this process.
    BLAS.threadCount = 1
  }

  var directory: RunDirectory { RunDirectory(path: "\(folder.path)/run") }

  /// The recorded losses, one a step.
  func losses() throws -> [Double] {
    let training = try MetricsHistory(path: directory.metrics).training
    guard training.map(\.step) == Array(1...training.count) else { throw FileError(directory.metrics, "skips steps") }
    return training.map(\.loss)
  }

  /// Runs the job, or only `steps` of it.
  func run(ranks: Int, steps: Int? = nil, resume: Bool = false) throws -> [Ended] {
    var configuration = configuration
    if let steps { configuration.steps = steps }
    let cache = CacheFolder(environment: ["XDG_CACHE_HOME": cachePath ?? "\(folder.path)/cache"])
    return try ThreadCommunicator.run(size: ranks) { [configuration, shown, isOnTerminal] communicator in
      var ended = Ended()
      do {
        let output = ProgressDisplay.Output(
          isTerminal: isOnTerminal, columns: { 80 }, write: { shown.append($0) }, now: { 0 })
        let trainer = try Trainer(
          configuration, resume: resume, communicator: communicator, display: output, cache: cache)
        ended.directory = trainer.directory.path
        ended.evaluation = try trainer.run()
        ended.buckets = trainer.replica.buckets
        ended.weights = trainer.replica.arena.flat.withBytes { XXHash64.checksum($0) }
      } catch {
        ended.error = "\(error)"
      }
      return ended
    }
  }
}
