import ArgumentParser
import Collective
import DistTrain
import Foundation

/// `disttrain evaluate`.
struct Evaluate: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measure loss and accuracy of a trained model.",
    discussion: "Every image is counted once, whatever the number of ranks.")

  @Argument(
    help: ArgumentHelp(
      "The model.safetensors of a run, a checkpoint, the run's folder, or a file of PyTorch's.", valueName: "model"))
  var model: String
  @Option(help: ArgumentHelp("The folder with the images. DISTTRAIN_DATA gives another default.", valueName: "folder"))
  var data = MNISTFolder.defaultPath
  @Option(help: "Which images: train or test.")
  var split = MNISTFolder.Split.test
  @Option(help: "What to compute on: cpu or cuda.")
  var device = TrainingConfiguration.DeviceKind.cpu
  @Flag(help: "Print one JSON object.")
  var json = false

  func run() throws {
    runAsRank(collective: .mpi) { communicator in
      let (file, images) = try communicator.agree(on: "reading model and data") {
        let file = try ModelFile(path: self.model)
        return (file, try ImageFolder(path: data).images(split, for: file.kind))
      }
      // A run that goes on may have replaced the file since another rank has read it.
      try communicator.verifySame(
        (["rows of its images: \(file.kind.imageSize)", file.model.fingerprint] + (file.kind.classNames ?? []))
          .joined(separator: "\n"), what: "the model")
      try communicator.broadcastState(of: file.model)
      file.model.to(try communicator.openDevice(device))
      let evaluation = try Evaluation(
        of: file.model, on: images, communicator: communicator, batch: file.kind.evaluationBatch)
      guard communicator.rank == 0 else { return }
      if json {
        let record = JSON.object([
          .init("split", .string(split.rawValue)), .init("loss", .real(evaluation.loss)),
          .init("accuracy", .real(evaluation.accuracy)), .init("count", .integer(evaluation.count)),
        ])
        print(record.text)
      } else {
        print("\(split.rawValue) \(evaluation)")
      }
    }
  }
}

extension MNISTFolder.Split: ExpressibleByArgument {}
