import Foundation

/// A folder in MNIST's layout, as MNIST and Fashion-MNIST are distributed: four IDX files,
/// `train-images-idx3-ubyte`, `train-labels-idx1-ubyte` and the same with `t10k`, plain or with `.gz`.
public struct MNISTFolder: Sendable {
  /// A part of the data.
  public enum Split: String, Sendable, CaseIterable {
    /// What the model learns from.
    case train
    /// What accuracy is measured on.
    case test

    fileprivate var prefix: String { self == .train ? "train" : "t10k" }
  }

  /// Where Debian's and Ubuntu's package `dataset-fashion-mnist` installs Fashion-MNIST.
  public static let systemPath = "/usr/share/datasets/fashion-mnist"
  /// The folder that the environment's variable `DISTTRAIN_DATA` names, or else ``systemPath``.
  public static let defaultPath =
    ProcessInfo.processInfo.environment["DISTTRAIN_DATA"].flatMap { $0.isEmpty ? nil : $0 } ?? systemPath

  /// The folder.
  public let path: String
  /// How many classes the labels name.
  public let classCount: Int

  /// A folder; nothing is read yet.
  public init(path: String = MNISTFolder.defaultPath, classCount: Int = 10) {
    self.path = path
    self.classCount = classCount
  }

  /// Reads the images and labels of one split.
  /// - Throws: ``FileError`` where a file is missing or corrupt, is not of MNIST's type, the numbers of images and
  ///   labels differ, or a label is not below `classCount`.
  public func load(_ split: Split) throws -> LabeledImages {
    let (images, imagesPath) = try array("\(split.prefix)-images-idx3-ubyte", dimensions: 3)
    let (labels, labelsPath) = try array("\(split.prefix)-labels-idx1-ubyte", dimensions: 1)
    guard images.shape[0] == labels.shape[0] else {
      throw FileError(
        path, "\(imagesPath) holds \(images.shape[0]) images, but \(labelsPath) holds \(labels.shape[0]) labels")
    }
    guard !images.shape.contains(0) else {
      throw FileError(imagesPath, "holds no pixels: its shape is \(images.shape)")
    }
    let classes = labels.bytes.withUnsafeBytes { [UInt8]($0) }
    if let index = classes.firstIndex(where: { $0 >= classCount }) {
      throw FileError(
        labelsPath, "label \(index) is \(classes[index]), expected a class from 0 to \(classCount - 1)")
    }
    return LabeledImages(
      pixels: images.bytes, labels: classes, height: images.shape[1], width: images.shape[2], classCount: classCount)
  }

  /// Reads the array called `name`, with or without `.gz`, and returns it with the path it was found at.
  private func array(_ name: String, dimensions: Int) throws -> (IDXFile, path: String) {
    let candidates = [name + ".gz", name].map { path.hasSuffix("/") ? path + $0 : "\(path)/\($0)" }
    guard let found = candidates.first(where: { FileManager.default.fileExists(atPath: $0) }) else {
      let isThere = FileManager.default.fileExists(atPath: path)
      let problem =
        isFolder(path)
        ? "the folder has no file" : isThere ? "is a file, not a folder with" : "there is no such folder to hold"
      throw FileError(
        path,
        """
        \(problem) \(name).gz or \(name). Give a folder with MNIST's files or CIFAR-10's, or folders train and test that hold \
        one of pictures for each class, or install Fashion-MNIST: apt-get install dataset-fashion-mnist puts it in \(MNISTFolder.systemPath)
        """)
    }
    let file = try IDXFile(path: found)
    guard file.elementType == .uint8, file.shape.count == dimensions else {
      throw FileError(
        found, "holds \(file.elementType) of shape \(file.shape), expected uint8 with \(dimensions) dimension(s)")
    }
    return (file, found)
  }
}
