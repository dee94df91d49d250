import Autograd
import Collective
import DistTrain
import Foundation

/// A job of ``Trainer`` on a data set of 44 images that the test writes, with ranks that are threads.
struct SmallJob {
  /// What a rank ends with.
  struct Ended: Sendable {
    var evaluation: Evaluation?
    /// The checksum of all weights.
    var weights: UInt64?
    var directory: String?
    /// The description of what it threw.
    var error: String?
  }

  let folder: TemporaryFolder
  var configuration = TrainingConfiguration()

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
    return try ThreadCommunicator.run(size: ranks) { [configuration] communicator in
      var ended = Ended()
      do {
        let silent = ProgressDisplay.Output(isTerminal: false, columns: { 80 }, write: { _ in }, now: { 0 })
        let trainer = try Trainer(configuration, resume: resume, communicator: communicator, display: silent)
        ended.directory = trainer.directory.path
        ended.evaluation = try trainer.run()
        ended.weights = trainer.replica.arena.flat.withBytes { XXHash64.checksum($0) }
      } catch {
        ended.error = "\(error)"
      }
      return ended
    }
  }
}

extension TemporaryFolder {
  /// Writes a data set in MNIST's format: images of 28×28 with a bright band where their class, 0 to 9, says.
  func writeImages(training: Int, test: Int, firstLabel: UInt8? = nil) throws {
    for (prefix, count) in [("train", training), ("t10k", test)] {
      var labels = (0..<count).map { UInt8($0 * 7 % 10) }
      var pixels: [UInt8] = []
      for (index, label) in labels.enumerated() {
        for row in 0..<28 {
          for column in 0..<28 {
            let noise = (index * 131 + row * 37 + column * 61) % 97
            pixels.append(UInt8(row / 3 == Int(label) ? 158 + noise : noise))
          }
        }
      }
      if let firstLabel { labels[0] = firstLabel }
      try write(idx(shape: [count, 28, 28], elements: pixels), to: "\(prefix)-images-idx3-ubyte")
      try write(idx(shape: [count], elements: labels), to: "\(prefix)-labels-idx1-ubyte")
    }
  }
}
