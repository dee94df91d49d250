import Autograd
import DistTrain
import Testing
import TestSupport

struct ImageModelTests {
  @Test(arguments: TrainingConfiguration.Model.allCases)
  func `there is an output for each class`(_ kind: TrainingConfiguration.Model) {
    let model = ImageModel(Workload(kind), classNames: ["a", "b", "c"])
    let output = noGrad { model.make().evaluate()(Tensor.rand([2] + model.imageShape)) }
    #expect(output.shape == [2, 3])
    #expect(model.evaluationBatch == 500 && ImageModel(Workload(kind)).make().parameters.last?.shape == [10])
  }

  /// The network of the paper has 11,689,512 parameters (torchvision's `resnet18()`).
  @Test(arguments: [(32, 11_173_962), (33, 11_173_962), (64, 11_181_642), (100, 11_181_642)])
  func `a residual network takes images of any size`(_ size: Int, _ parameters: Int) {
    let model = ImageModel(.resnet18, imageSize: size)
    let network = model.make().evaluate()
    #expect(network.parameters.map(\.count).reduce(0, +) == parameters)
    #expect(noGrad { network(Tensor.rand([1, 3, size, size])) }.shape == [1, 10])
    let large = ImageModel(.resnet18, imageSize: 224, classNames: (0..<1000).map(String.init))
    #expect(large.make().parameters.map(\.count).reduce(0, +) == 11_689_512)
    #expect(large.evaluationBatch == 16)
  }

  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(_ metadata: [(String, String)], classes: Int = 2, width: Int = 128) throws -> ImageModel? {
    let path = "\(folder.path)/weights.safetensors"
    try TensorFile.write(
      [("weight", Tensor.zeros([classes, width])), ("bias", Tensor.zeros([classes]))], to: path,
      metadata: metadata.map(Safetensors.Metadata.init))
    return try ImageModel(of: SafetensorsFile(path: path))
  }

  @Test func `a file says of which model its weights are`() throws {
    #expect(try model([]) == nil)
    #expect(try model([("model", "cnn")]) == ImageModel(.cnn))
    #expect(
      try model([("model", "resnet18"), ("image-size", "224"), ("classes", #"["a","b\"c"]"#)])
        == ImageModel(.resnet18, imageSize: 224, classNames: ["a", "b\"c"]))
  }

  @Test(arguments: [
    ([("model", "wide")], "is of the model 'wide', expected one of mlp, cnn, resnet18, vit"),
    (
      [("model", "resnet18"), ("image-size", "1000000")],
      "is of a resnet18 for images of 1000000 rows, which there is not"
    ),
    ([("model", "resnet18"), ("image-size", "x")], "is of a resnet18 for images of x rows, which there is not"),
    ([("model", "cnn"), ("image-size", "64")], "is of a cnn for images of 64 rows, which there is not"),
  ])
  func `a size that there is not is refused`(_ metadata: [(String, String)], _ message: String) throws {
    #expect(fileErrorMessage { _ = try model(metadata) }.hasSuffix(": \(message)"))
  }

  /// One name for two weights among them, for a file cannot ask for more than it holds, and names in another order than
  /// folders.
  @Test(arguments: [
    "", "[", "{}", "[1,2]", #"["a",null]"#, #"["a"]"#, #"["a","b","c"]"#, #"["a",""]"#, #"["a","\u0007"]"#,
    #"["b","a"]"#, #"["a","a"]"#,
  ])
  func `classes that cannot be read are refused`(_ classes: String) throws {
    let message = fileErrorMessage { _ = try model([("model", "cnn"), ("classes", classes)]) }
    #expect(message.hasSuffix("is of a model whose classes cannot be read from its metadata"))
  }

  /// A model of many classes takes much memory before its weights are read.
  @Test(arguments: [(2, 3), (0, 128)])
  func `classes without rows of weights are refused`(_ classes: Int, _ width: Int) throws {
    let names = JSON.array((0..<classes).map { .string("\($0)") }).text
    let message = fileErrorMessage {
      _ = try model([("model", "resnet18"), ("classes", names)], classes: classes, width: width)
    }
    #expect(message.hasSuffix("is of a model whose classes cannot be read from its metadata"))
  }
}
