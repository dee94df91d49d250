import DistTrain
import Foundation
import TestSupport

/// A folder with a small data set in MNIST's format, in which runs can be kept too.
struct SyntheticData {
  let folder: TemporaryFolder

  init(training: Int = 44, test: Int = 13) throws {
    folder = try TemporaryFolder()
    try folder.writeImages(training: training, test: test)
  }

  var path: String { folder.path }
  var run: RunDirectory { RunDirectory(path: "\(path)/run") }

  /// The arguments of a short run of the perceptron, with more at the end.
  func train(_ more: String...) -> [String] {
    ["train", "--model", "mlp", "--data", path, "--output", run.path, "--global-batch", "8", "--log-every", "1"] + more
  }
}

/// Fashion-MNIST with a handful of test images, for runs whose evaluation does not matter.
struct FashionTraining {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try folder.writeImages(training: 1, test: 10)
    for name in ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"] {
      try FileManager.default.createSymbolicLink(
        atPath: "\(folder.path)/\(name)", withDestinationPath: "\(MNISTFolder.systemPath)/\(name)")
    }
  }

  /// The losses of a run that records every step.
  func losses(ranks: Int, environment: [String: String] = [:], _ arguments: String...) throws -> [Double] {
    let output = "\(folder.path)/run"
    let run = try DistTrainProgram.run(
      ["train", "--data", folder.path, "--output", output, "--log-every", "1", "--learning-rate", "0.01"] + arguments,
      ranks: ranks, environment: environment)
    guard run.succeeded else { throw FileError(output, run.report) }
    return try MetricsHistory(path: RunDirectory(path: output).metrics).training.map(\.loss)
  }
}
