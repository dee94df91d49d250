import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

/// Runs that begin with the weights of a file.
struct BeginningWeightsTests {
  private let job: SmallJob
  private let weights: String

  init() throws {
    var job = try SmallJob()
    weights = "\(job.folder.path)/weights.safetensors"
    job.configuration.weights = weights
    job.configuration.learningRate = 0
    job.configuration.steps = 1
    self.job = job
  }

  private func perceptron(classes: Int = 10, seed: UInt64 = 9) -> any Layer {
    manualSeed(seed)
    return Workload.mlp.makeModel(classCount: classes)
  }

  private func write(_ model: any Layer, prefix: String = "", without missing: String? = nil) throws {
    let state = model.stateDictionary().filter { $0.name != missing }
    try TensorFile.write(state.map { (prefix + $0.name, $0.tensor) }, to: weights)
  }

  /// The weights that the run has written.
  private func end() throws -> [[Float]] {
    let file = try SafetensorsFile(path: job.directory.model)
    return try file.entries.map { try TensorFile.read($0.name, from: file).cast(to: .float32).array(of: Float.self) }
  }

  private func values(_ model: any Layer) -> [[Float]] {
    model.stateDictionary().map { $0.tensor.array(of: Float.self) }
  }

  @Test(arguments: ["", "model.", "state_dict.module."], 1...3)
  func `all ranks begin with them`(_ prefix: String, _ ranks: Int) throws {
    let model = perceptron()
    try write(model, prefix: prefix)
    let ended = try job.run(ranks: ranks)
    #expect(ended.allSatisfy { $0.error == nil && $0.weights == ended[0].weights }, "\(ended)")
    #expect(try end() == values(model))
    #expect(job.shown.texts.contains { $0.contains("the model begins with the weights of \(weights)\n") })
  }

  @Test func `a last layer for other classes is drawn as ever`() throws {
    let model = perceptron(classes: 7)
    try write(model)
    #expect(try job.run(ranks: 2).allSatisfy { $0.error == nil })
    #expect(try end() == values(model).dropLast(2) + values(perceptron(seed: job.configuration.seed)).suffix(2))
    let message = ", but for its last layer, which is for 7 classes there and for 10 here\n"
    #expect(job.shown.texts.contains { $0.hasSuffix(message) })
  }

  @Test func `the folder of a run stands for its checkpoint`() throws {
    try write(perceptron())
    #expect(try job.run(ranks: 1).allSatisfy { $0.error == nil })
    var next = try SmallJob()
    next.configuration.weights = job.directory.path
    (next.configuration.learningRate, next.configuration.steps) = (0, 1)
    #expect(try next.run(ranks: 1).allSatisfy { $0.error == nil })
    #expect(
      try contents(next.directory.model).suffix(1 << 20) == contents(job.directory.model).suffix(1 << 20))
  }

  @Test func `the file is not needed to resume`() throws {
    var job = job
    try write(perceptron())
    job.configuration.learningRate = 0.05
    job.configuration.steps = nil
    let whole = try job.run(ranks: 1)
    try FileManager.default.removeItem(atPath: job.directory.path)
    #expect(try job.run(ranks: 1, steps: 5)[0].error == nil)
    try FileManager.default.removeItem(atPath: weights)
    #expect(try job.run(ranks: 1, resume: true).map(\.weights) == whole.map(\.weights))
  }

  @Test func `weights of other models are told on all ranks`() throws {
    func message() throws -> String {
      let ended = try job.run(ranks: 2)
      #expect(ended[1].error != nil)
      #expect(!FileManager.default.fileExists(atPath: job.directory.path))
      return ended[0].error?.replacingOccurrences(of: "\(weights): ", with: "") ?? "none"
    }
    #expect(try message() == "cannot open: No such file or directory")
    try TensorFile.write([], to: weights)
    #expect(try message() == "holds no tensors")
    try write(Workload.cnn.makeModel())
    #expect(try message() == "has no tensor '3.weight': it is of another model")
    try write(Workload.cnn.makeModel(), prefix: "model.")
    #expect(try message() == "has no tensor 'model.3.weight': it is of another model")
    try write(Linear(2, 2))
    #expect(
      try message() == "is of another model: its tensors are 'weight' and others, expected '1.weight' and others")
    try write(
      Sequential(Flatten(), Linear(784, 512), ReLU(), Linear(512, 256), ReLU(), Linear(256, 10), ReLU(), Linear(10, 10))
    )
    #expect(try message() == "holds the tensor '7.weight', which the model does not have: it is of another model")
    try write(perceptron(), without: "5.bias")
    #expect(try message() == "has no tensor '5.bias': it is of another model")
    try write(Sequential(Flatten(), Linear(784, 512), ReLU(), Linear(512, 99), ReLU(), Linear(99, 10)))
    #expect(
      try message()
        == "tensor '3.weight' is float32 of shape [99, 512], expected float64 of shape [256, 512]: it is of another model"
    )
    let model = perceptron()
    let two = ["a.", "b."].flatMap { prefix in model.stateDictionary().map { (prefix + $0.name, $0.tensor) } }
    try TensorFile.write(two, to: weights)
    #expect(try message() == "holds a.1.weight and b.1.weight, expected one model")
  }

  /// `torchvision`'s networks of before PyTorch counted the batches, for more classes.
  @Test func `a residual network without counts of batches`() throws {
    var job = try SmallJob()
    for name in try FileManager.default.contentsOfDirectory(atPath: job.folder.path) {
      try FileManager.default.removeItem(atPath: "\(job.folder.path)/\(name)")
    }
    try job.folder.writePictures(["train": 3, "val": 2])
    job.configuration.model = .resnet18
    job.configuration.weights = "\(job.folder.path)/weights.safetensors"
    (job.configuration.learningRate, job.configuration.steps) = (0, 1)
    let network = ResidualNetwork(imageSize: 32, classes: 5)
    let state = network.stateDictionary().filter { !$0.name.hasSuffix("num_batches_tracked") }
    try TensorFile.write(state, to: "\(job.folder.path)/weights.safetensors")
    #expect(try job.run(ranks: 1)[0].error == nil)
    let file = try SafetensorsFile(path: job.directory.model)
    let last = try TensorFile.read("layer4.1.conv2.weight", from: file).cast(to: .float32).array(of: Float.self)
    #expect(try last == #require(state.last { $0.name == "layer4.1.conv2.weight" }).tensor.array(of: Float.self))
  }
}
