import Foundation

/// A folder of images to learn from and to measure accuracy on, in MNIST's layout or CIFAR-10's: its files tell which, and
/// where it has both it is CIFAR-10's. Without such files it is one of pictures, for a run of `disttrain`: its folders `train` and
/// `test` (or `val`) have a folder of pictures for each class.
public struct ImageFolder: Sendable {
  /// The folder.
  public let path: String

  /// A folder; nothing is read yet.
  public init(path: String = MNISTFolder.defaultPath) { self.path = path }

  /// Reads the images and labels of one split.
  /// - Throws: ``FileError``, as ``MNISTFolder/load(_:)`` and ``CIFAR10Folder/loadTrain()`` do.
  public func load(_ split: MNISTFolder.Split) throws -> LabeledImages {
    if holds("data_batch_1") && !holds("data_batch_1.bin") {
      throw FileError(path, "holds CIFAR-10 for Python, expected its binary version, cifar-10-binary.tar.gz")
    }
    guard holds("data_batch_1.bin") || holds("test_batch.bin") else {
      do { return try MNISTFolder(path: path).load(split) } catch  where holds("cifar-10-batches-bin") {
        throw FileError(path, "holds CIFAR-10 in the folder cifar-10-batches-bin: give that")
      }
    }
    let folder = CIFAR10Folder(path: path)
    return split == .train ? try folder.loadTrain() : try folder.loadTest()
  }

  /// The images of one split as a model is evaluated on them: bytes in memory, or pictures that are read from their files.
  ///
  /// - Throws: ``FileError`` where they cannot be read, or the model takes others, in size or in their classes.
  package func images(_ split: MNISTFolder.Split, for model: ImageModel) throws -> any Dataset {
    guard let folders = try classFolders(split) else {
      let images = try load(split)
      guard !model.takesPictures else {
        throw FileError(
          path, "has no folders train and test with pictures of the \(model.classCount) classes that the model knows")
      }
      try model.check(imageShape: images.imageShape, in: path)
      return images
    }
    guard model.takesPictures else {
      throw FileError(
        folders.path, "has folders of classes, expected images of ten classes without names, as the model knows")
    }
    let expected = model.classNames ?? folders.classNames
    guard model.classNames != nil || expected.count == model.classCount else {
      throw FileError(
        folders.path, "has folders of \(expected.count) classes, expected \(model.classCount) as the model knows")
    }
    if let missing = expected.first(where: { !Self.holds($0, folders.classNames) }) {
      throw FileError(folders.path, "has no folder '\(missing)', expected one for each class that the model knows")
    }
    if let other = folders.classNames.first(where: { !Self.holds($0, expected) }) {
      throw FileError(folders.path, "has a folder '\(other)', which is no class that the model knows")
    }
    return try folders.pictures(
      size: model.imageSize, channels: model.imageShape[0], normalization: model.normalization)
  }

  /// Byte for byte, which is how they are sorted: text is equal in Swift when it looks the same.
  private static func holds(_ name: String, _ names: [String]) -> Bool {
    names.contains { $0.utf8.elementsEqual(name.utf8) }
  }

  /// What the classes of pictures are called; nil for MNIST's and CIFAR-10's formats.
  ///
  /// - Throws: ``FileError`` where there are no folders to learn from, or one has a name that cannot be shown.
  package func classNames() throws -> [String]? {
    guard let folders = try classFolders(.train) else { return nil }
    if let name = folders.classNames.first(where: { !ClassFolders.isClassName($0) }) {
      throw FileError(folders.path, "has a folder \(JSON.string(name).text) whose name cannot be that of a class")
    }
    return folders.classNames
  }

  /// The folders of a split's classes; nil where there are files of another format, or neither.
  private func classFolders(_ split: MNISTFolder.Split) throws -> ClassFolders? {
    let names = ["train", "test", "val"].filter { isFolder("\(path)/\($0)") }
    let files = ["data_batch_1.bin", "test_batch.bin", "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"]
    guard !names.isEmpty && !files.contains(where: { holds($0) || holds("\($0).gz") }) else { return nil }
    guard let name = names.first(where: { ($0 == "train") == (split == .train) }) else {
      throw FileError(path, "has no folder \(split == .train ? "train" : "test or val") beside \(names[0])")
    }
    return try ClassFolders(path: "\(path)/\(name)")
  }

  private func holds(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
}
