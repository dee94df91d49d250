import Foundation

/// A folder of images to learn from and to measure accuracy on, in MNIST's layout or CIFAR-10's: its files tell which, and
/// where it has both it is CIFAR-10's.
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

  private func holds(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(path)/\(name)") }
}
