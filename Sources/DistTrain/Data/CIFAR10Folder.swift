import Foundation

/// A folder with the binary version of CIFAR-10: `data_batch_1.bin` to `data_batch_5.bin` and `test_batch.bin`, each a
/// row of records of one label byte and 3·32·32 pixels.
///
/// Format: <https://www.cs.toronto.edu/~kriz/cifar.html>.
public struct CIFAR10Folder: Sendable {
  private static let classCount = 10
  private static let imageSize = 3 * 32 * 32
  private static let largestFile = 1 << 30

  /// The folder.
  public let path: String

  /// A folder; nothing is read yet.
  public init(path: String) { self.path = path }

  /// Reads the five files of images to learn from.
  /// - Throws: ``FileError`` where a file is missing, does not hold whole records, or a label is not below 10.
  public func loadTrain() throws -> LabeledImages { try load((1...5).map { "data_batch_\($0).bin" }) }

  /// Reads the file of images that accuracy is measured on.
  /// - Throws: ``FileError``, as ``loadTrain()`` does.
  public func loadTest() throws -> LabeledImages { try load(["test_batch.bin"]) }

  private func load(_ names: [String]) throws -> LabeledImages {
    let recordSize = 1 + Self.imageSize
    let files = try names.map { try InputFile(path: "\(path)/\($0)") }
    for file in files where file.size % recordSize != 0 || !(1...Self.largestFile).contains(file.size) {
      throw FileError(
        file.path,
        "holds \(file.size) bytes, expected a multiple of \(recordSize) (a label and an image), up to \(Self.largestFile)"
      )
    }
    let count = files.map { $0.size / recordSize }.reduce(0, +)
    var labels: [UInt8] = []
    let pixels = try AlignedBytes(count: count * Self.imageSize) { buffer in
      for file in files {
        for index in 0..<file.size / recordSize {
          let record = try file.read(upTo: recordSize)
          guard record.count == recordSize else { throw FileError(file.path, "became shorter while it was read") }
          guard record[0] < Self.classCount else {
            throw FileError(file.path, "label \(index) is \(record[0]), expected a class from 0 to 9")
          }
          let start = labels.count * Self.imageSize
          UnsafeMutableRawBufferPointer(rebasing: buffer[start..<start + Self.imageSize]).copyBytes(from: record[1...])
          labels.append(record[0])
        }
      }
    }
    return LabeledImages(
      pixels: pixels, labels: labels, channels: 3, height: 32, width: 32, classCount: Self.classCount)
  }
}
