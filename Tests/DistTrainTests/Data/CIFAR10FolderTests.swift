import DistTrain
import Foundation
import Testing
import TestSupport

struct CIFAR10FolderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func record(label: UInt8, pixel: UInt8) -> [UInt8] { [label] + [UInt8](repeating: pixel, count: 3071) + [99] }

  @Test func readsAllBatchesInOrder() throws {
    for batch in 1...5 {
      let bytes = record(label: UInt8(batch), pixel: 10) + record(label: 9, pixel: UInt8(batch))
      try folder.write(bytes, to: "data_batch_\(batch).bin")
    }
    let images = try CIFAR10Folder(path: folder.path).loadTrain()
    #expect(images.labels == [1, 9, 2, 9, 3, 9, 4, 9, 5, 9])
    #expect(images.channels == 3 && images.height == 32 && images.width == 32 && images.imageSize == 3072)
    #expect(images.pixels[3072 * 9] == 5 && images.pixels[3072 * 10 - 1] == 99)
  }

  @Test func namesWhatIsWrong() throws {
    let data = CIFAR10Folder(path: folder.path)
    #expect(
      fileErrorMessage { _ = try data.loadTest() }.hasSuffix("test_batch.bin: cannot open: No such file or directory"))
    try folder.write([], to: "test_batch.bin")
    #expect(fileErrorMessage { _ = try data.loadTest() }.contains("holds 0 bytes, expected a multiple of 3073"))
    #expect(truncate("\(folder.path)/test_batch.bin", 3073 << 32) == 0)
    #expect(fileErrorMessage { _ = try data.loadTest() }.contains("holds 13198434500608 bytes, expected a multiple"))
    try folder.write(record(label: 0, pixel: 0) + [1], to: "test_batch.bin")
    #expect(
      fileErrorMessage { _ = try data.loadTest() }.hasSuffix(
        "holds 3074 bytes, expected a multiple of 3073 (a label and an image), up to 1073741824"))
    try folder.write(record(label: 0, pixel: 0) + record(label: 10, pixel: 0), to: "test_batch.bin")
    #expect(fileErrorMessage { _ = try data.loadTest() }.hasSuffix("label 1 is 10, expected a class from 0 to 9"))
  }
}
