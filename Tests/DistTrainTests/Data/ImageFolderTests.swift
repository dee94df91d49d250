import DistTrain
import Foundation
import Testing
import TestSupport

struct ImageFolderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test func `the files tell the format`() throws {
    try folder.writeImages(training: 6, test: 3)
    let images = try ImageFolder(path: folder.path).load(.train)
    #expect(images.count == 6 && images.channels == 1)
    try folder.writeColorImages(training: 10, test: 2)
    let (training, test) = (
      try ImageFolder(path: folder.path).load(.train), try ImageFolder(path: folder.path).load(.test)
    )
    #expect(training.count == 10 && test.count == 2 && training.channels == 3 && training.height == 32)
  }

  @Test func `what cannot be read is told`() throws {
    let data = ImageFolder(path: folder.path)
    #expect(fileErrorMessage { _ = try data.load(.test) }.contains("the folder has no file t10k-images-idx3-ubyte.gz"))
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/cifar-10-batches-bin", withIntermediateDirectories: false)
    #expect(
      fileErrorMessage { _ = try data.load(.test) }.hasSuffix(
        ": holds CIFAR-10 in the folder cifar-10-batches-bin: give that"))
    try folder.write([1], to: "data_batch_1")
    #expect(
      fileErrorMessage { _ = try data.load(.train) }.hasSuffix(
        ": holds CIFAR-10 for Python, expected its binary version, cifar-10-binary.tar.gz"))
    try folder.writeColorImages(training: 5, test: 1)
    #expect(try data.load(.train).count == 5)
  }

  private let pictures = ImageModel(.resnet18, classNames: ["cat", "dog", "owl"])

  @Test(arguments: ["test", "val"])
  func `pictures in a folder for each class`(_ other: String) throws {
    try folder.writePictures(["train": 4, other: 2])
    let data = ImageFolder(path: folder.path)
    #expect(try data.classNames() == ["cat", "dog", "owl"])
    let (training, test) = (try data.images(.train, for: pictures), try data.images(.test, for: pictures))
    #expect(training.count == 12 && test.count == 6)
    let batch = try training.batch([0, 7])
    #expect(batch.inputs.shape == [2, 3, 32, 32] && batch.targets.array(of: Int.self) == [0, 1])
    let gray = try test.batch([5])
    #expect(gray.targets.array(of: Int.self) == [2])
    // In color as torchvision's models take them.
    let plain = try #require(training as? PictureFiles)
    let values = try PictureFiles(paths: plain.paths, labels: plain.labels, size: 32, normalization: .imageNet).batch([
      0, 7,
    ])
    #expect(batch.inputs.array(of: Float.self) == values.inputs.array(of: Float.self))
    let small = ImageModel(.cnn, classNames: pictures.classNames)
    #expect(small.normalization == nil)
    #expect(try data.images(.test, for: small).batch([5]).inputs.shape == [1, 1, 28, 28])
    let large = ImageModel(.resnet18, imageSize: 48, classNames: pictures.classNames)
    #expect(try data.images(.test, for: large).batch([5]).inputs.shape == [1, 3, 48, 48])
    // MNIST's files come first.
    try folder.writeImages(training: 6, test: 3)
    #expect(try data.classNames() == nil && data.images(.test, for: ImageModel(.cnn)).count == 3)
  }

  @Test func `classes that a model does not know are told`() throws {
    try folder.writePictures(["train": 1])
    let data = ImageFolder(path: folder.path)
    func message(_ split: MNISTFolder.Split, _ model: ImageModel) -> String {
      fileErrorMessage { _ = try data.images(split, for: model) }
    }
    #expect(message(.test, pictures).hasSuffix(": has no folder test or val beside train"))
    try folder.writePictures(classes: ["cat", "owl"], ["test": 1])
    #expect(
      message(.test, pictures).hasSuffix(
        "/test: has no folder 'dog', expected one for each class that the model knows"))
    try folder.writePictures(classes: ["dog", "yak"], ["test": 1])
    #expect(message(.test, pictures).hasSuffix("/test: has a folder 'yak', which is no class that the model knows"))
    #expect(
      message(.train, ImageModel(.cnn)).contains("/train: has folders of classes, expected images of ten classes"))
    #expect(try data.images(.train, for: ImageModel(.resnet18, classCount: 3)).count > 0)
    #expect(
      message(.train, ImageModel(.resnet18, imageSize: 224)).hasSuffix(
        "/train: has folders of 3 classes, expected 10 as the model knows"))
    try FileManager.default.removeItem(atPath: "\(folder.path)/train")
    #expect(fileErrorMessage { _ = try data.classNames() }.hasSuffix(": has no folder train beside test"))
    try folder.writeImages(training: 6, test: 3)
    #expect(message(.train, pictures).hasSuffix("with pictures of the 3 classes that the model knows"))
    #expect(message(.train, ImageModel(.resnet18)).hasSuffix("the images are 1×28×28, expected 3×32×32 for resnet18"))
  }

  @Test func `a class needs a name that can be shown`() throws {
    try folder.writePictures(classes: ["cat", "d\no\u{1b}g"], ["train": 1, "test": 1])
    let message = fileErrorMessage { _ = try ImageFolder(path: folder.path).classNames() }
    #expect(message.hasSuffix(#"/train: has a folder "d\no\u001bg" whose name cannot be that of a class"#))
  }

  /// é as one scalar and as two, which Swift takes for the same.
  @Test func `classes that look the same are not`() throws {
    try folder.writePictures(classes: ["caf\u{E9}"], ["train": 1])
    try folder.writePictures(classes: ["cafe\u{301}"], ["test": 1])
    let data = ImageFolder(path: folder.path)
    let model = ImageModel(.cnn, classNames: try data.classNames())
    #expect(try data.images(.train, for: model).count == 1)
    #expect(fileErrorMessage { _ = try data.images(.test, for: model) }.contains("/test: has no folder 'caf\u{E9}'"))
  }
}
