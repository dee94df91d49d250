import DistTrain
import Testing
import TestSupport

struct MNISTFolderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func write(imageCount: Int, labels: [UInt8]) throws -> MNISTFolder {
    let pixels = (0..<imageCount * 6).map { UInt8($0) }
    try folder.write(idx(shape: [imageCount, 2, 3], elements: pixels), to: "t10k-images-idx3-ubyte")
    try folder.write(storedGzip(idx(shape: [labels.count], elements: labels)), to: "t10k-labels-idx1-ubyte.gz")
    return MNISTFolder(path: folder.path)
  }

  @Test func readsPlainAndCompressedFiles() throws {
    let images = try write(imageCount: 3, labels: [9, 0, 4]).load(.test)
    #expect(images.count == 3 && images.height == 2 && images.width == 3 && images.classCount == 10)
    #expect(images.labels == [9, 0, 4])
    #expect(images.pixels[17] == 17)
  }

  @Test func readsFashionMNISTAsInstalled() throws {
    let images = try MNISTFolder().load(.test)
    #expect(images.count == 10_000 && images.height == 28 && images.width == 28)
    #expect((0..<10).map { label in images.labels.count { $0 == label } } == [Int](repeating: 1000, count: 10))
    let mean = images.pixels.withUnsafeBytes { $0.reduce(0.0) { $0 + Double($1) } } / Double(images.pixels.count)
    #expect(abs(mean / 255 - 0.2868) < 1e-4)
  }

  @Test func saysWhatIsMissing() throws {
    let message = fileErrorMessage { _ = try MNISTFolder(path: "\(folder.path)/none").load(.train) }
    #expect(message.hasPrefix("\(folder.path)/none: there is no such folder to hold train-images-idx3-ubyte.gz or "))
    #expect(message.contains("apt-get install dataset-fashion-mnist"))
    let empty = fileErrorMessage { _ = try MNISTFolder(path: folder.path).load(.test) }
    #expect(empty.hasPrefix("\(folder.path): the folder has no file t10k-images-idx3-ubyte.gz or "))
    let path = try folder.write([1], to: "file")
    let file = fileErrorMessage { _ = try MNISTFolder(path: path).load(.test) }
    #expect(file.hasPrefix("\(path): is a file, not a folder with t10k-images-idx3-ubyte.gz or "))
  }

  @Test func imagesAndLabelsMustBeAsMany() throws {
    let data = try write(imageCount: 3, labels: [1, 2])
    #expect(fileErrorMessage { _ = try data.load(.test) }.hasSuffix("idx1-ubyte.gz holds 2 labels"))
  }

  @Test func anEmptyDataSetIsAnError() throws {
    let data = try write(imageCount: 0, labels: [])
    #expect(fileErrorMessage { _ = try data.load(.test) }.hasSuffix("holds no pixels: its shape is [0, 2, 3]"))
  }

  @Test func labelsMustNameAClass() throws {
    let data = try write(imageCount: 3, labels: [1, 10, 2])
    #expect(fileErrorMessage { _ = try data.load(.test) }.hasSuffix("label 1 is 10, expected a class from 0 to 9"))
  }

  @Test func filesMustHoldImagesAndLabels() throws {
    let data = try write(imageCount: 1, labels: [0])
    try folder.write(idx(shape: [1, 6], elements: [0, 0, 0, 0, 0, 0]), to: "t10k-images-idx3-ubyte")
    let message = fileErrorMessage { _ = try data.load(.test) }
    #expect(message.hasSuffix("holds uint8 of shape [1, 6], expected uint8 with 3 dimension(s)"))
  }
}
