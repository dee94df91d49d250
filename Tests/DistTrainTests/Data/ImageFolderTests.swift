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
}
