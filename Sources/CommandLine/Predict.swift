import ArgumentParser
import Autograd
import DistTrain
import Foundation

/// `disttrain predict`.
struct Predict: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Classify images with a trained model.",
    discussion: """
      Files are IDX (one line for each image in it), PNG, JPEG, PGM or PPM, of the size that the model was trained on: 28×28 \
      pixels, white on black as in the training data, or for resnet18 32×32 in color. A model that was trained on folders of \
      pictures takes pictures of any size. For each image: file, index, class, probability.
      """)

  @Argument(
    help: ArgumentHelp(
      "The model.safetensors of a run, a checkpoint, the run's folder, or a file of PyTorch's.", valueName: "model"))
  var model: String
  @Argument(help: ArgumentHelp("The images.", valueName: "file"))
  var files: [String]
  @Option(help: "What to compute on: cpu or cuda.")
  var device = TrainingConfiguration.DeviceKind.cpu
  @Flag(help: "Print one JSON object a line, with the probabilities of all classes.")
  var json = false

  func run() throws {
    runAsRank(collective: .mpi) { communicator in
      let device = try communicator.openDevice(self.device)
      // There is too little to do to share it between ranks. Those that wait here, and not in MPI_Finalize, can be ended:
      // there mpirun hangs now and then.
      let read = try communicator.agree(on: "reading model and images") {
        communicator.rank == 0 ? try modelAndImages() : nil
      }
      guard let (file, images) = read else { return }
      file.model.to(device)
      for (path, images) in images { try classify(images, of: path, file) }
    }
  }

  /// All files, before anything is printed, so that a bad one late in the list is noticed at once.
  private func modelAndImages() throws -> (ModelFile, [(path: String, images: any Dataset)]) {
    let file = try ModelFile(path: model)
    return (file, try files.map { ($0, try file.kind.unlabeledImages(path: $0)) })
  }

  private func classify(_ images: any Dataset, of path: String, _ file: ModelFile) throws {
    let (model, batch) = (file.model, file.kind.evaluationBatch)
    for start in stride(from: 0, to: images.count, by: batch) {
      let indices = Array(start..<min(start + batch, images.count))
      let inputs = try images.batch(indices).inputs.cast(to: model.parameters[0].dtype).to(model.device)
      let probabilities = noGrad { model(inputs).softmax(1) }
      let classes = probabilities.shape[1]
      let values = probabilities.cast(to: .float32).array(of: Float.self)
      for index in indices {
        let row = values[(index - start) * classes..<(index - start + 1) * classes]
        let best = row.indices.max { row[$0] < row[$1] }.map { $0 - row.startIndex } ?? 0
        let name = file.kind.classNames?[best]
        if json {
          let found: [JSON.Member] = [
            .init("file", .string(path)), .init("index", .integer(index)), .init("class", .integer(best)),
          ]
          let record = JSON.object(
            found + (name.map { [.init("name", .string($0))] } ?? [])
              + [.init("probabilities", .array(row.map { .real(Double($0)) }))])
          print(record.text)
        } else {
          print("\(path)\t\(index)\t\(name ?? "\(best)")\t\(String(format: "%.4f", row[row.startIndex + best]))")
        }
      }
    }
  }
}
