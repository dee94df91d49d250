import ArgumentParser
import Autograd
import DistTrain

extension Workload: ExpressibleByArgument {}

/// What a benchmark trains: a workload by its name, or a perceptron of any size.
enum BenchModel {
  case workload(Workload)
  case perceptron(LayerWidths)

  var name: String {
    switch self {
    case .workload(let workload): workload.rawValue
    case .perceptron(let widths): "\(widths)"
    }
  }

  /// The samples that a rank takes in a step unless told otherwise.
  var batch: Int {
    switch self {
    case .workload(let workload): workload.benchmarkBatch
    case .perceptron: 128
    }
  }

  /// The multiply-adds of products and convolutions in a step, for each sample.
  var multiplyAddsPerSample: Int {
    switch self {
    case .workload(let workload): workload.multiplyAddsPerSample
    case .perceptron(let widths): widths.multiplyAddsPerSample
    }
  }

  func makeModel() -> any Layer {
    switch self {
    case .workload(let workload): workload.makeModel()
    case .perceptron(let widths): widths.makeModel()
    }
  }

  /// Images for the workloads that take them, from `folder`, and random samples for the others.
  ///
  /// - Parameter batch: The samples that each of `ranks` takes in a step.
  /// - Throws: What reading the images throws, and `ValidationError` for a batch that memory could not hold.
  func loadSamples(from folder: String, batch: Int, ranks: Int) throws -> any Dataset {
    switch self {
    case .workload(.tiny):
      return TensorDataset(
        Tensor.rand([500, 20]) * 100,
        Tensor(shape: [500], of: Int64.self) {
          RandomGenerator.default.integers(into: $0, low: 0, high: 3)
        })
    case .workload(.resnet18):
      return TensorDataset(Tensor.rand([2048 * ranks, 3, 32, 32]), Tensor.randint(0..<10, [2048 * ranks]))
    case .workload(let workload):
      let images = try MNISTFolder(path: folder).load(.train)
      try ImageModel(workload).check(imageShape: images.imageShape, in: folder)
      return images
    case .perceptron(let widths):
      let (steps, mostElements) = (4, 1 << 31)
      let most = mostElements / widths.inputs / steps / ranks
      guard batch <= most else {
        throw ValidationError(
          "a batch of \(batch) samples of \(widths.inputs) numbers on each of \(ranks) rank(s), expected at most "
            + "\(most): \(steps) steps of all ranks together may have \(mostElements) numbers")
      }
      let count = steps * batch * ranks
      return TensorDataset(Tensor.rand([count, widths.inputs]), Tensor.randint(0..<widths.outputs, [count]))
    }
  }
}

/// The widths of a perceptron's layers, from its input to its output, as `784-1024-10`.
struct LayerWidths: CustomStringConvertible {
  private let widths: [Int]

  private static let mostParameters = 1 << 31

  var inputs: Int { widths[0] }
  var outputs: Int { widths[widths.count - 1] }

  var description: String { widths.map(String.init).joined(separator: "-") }

  /// Forward, for the gradients of the weights and, but for the first layer, for those of its inputs.
  var multiplyAddsPerSample: Int {
    let counts = zip(widths, widths.dropFirst()).map { $0 * $1 }
    return 3 * counts.reduce(0, +) - counts[0]
  }

  /// Reads widths from a command line.
  ///
  /// - Throws: `ValidationError` for anything but at least two numbers above 0 and a model that memory could hold.
  init(parsing text: String) throws {
    widths = try text.split(separator: "-", omittingEmptySubsequences: false).map { word in
      guard let width = Int(word), width > 0, width <= Self.mostParameters else {
        throw ValidationError("“\(word)” is no width; expected numbers from 1 on with - between them, as 784-1024-10")
      }
      return width
    }
    guard widths.count > 1 else {
      throw ValidationError("a perceptron has at least the widths of its input and its output, as 784-10")
    }
    var parameters = 0
    for (inputs, outputs) in zip(widths, widths.dropFirst()) {
      parameters += (inputs + 1) * outputs
      guard parameters <= Self.mostParameters else {
        throw ValidationError("more than \(Self.mostParameters) parameters")
      }
    }
  }

  /// Linear layers with ReLU between them.
  func makeModel() -> any Layer {
    var layers: [any Layer] = []
    for (inputs, outputs) in zip(widths, widths.dropFirst()) {
      if !layers.isEmpty { layers.append(ReLU()) }
      layers.append(Linear(inputs, outputs))
    }
    return Sequential(layers)
  }
}
