import Autograd
import DistTrain
import Testing
import TestSupport

/// Files that NumPy wrote by `savez(images=…, labels=…, half=…)` and `savez_compressed`.
struct NPZFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(arguments: ["stored", "compressed"])
  func readsWhatNumPyWrote(name: String) throws {
    let file = try NPZFile(path: fixture("files/\(name).npz"))
    #expect(file.names == ["images", "labels", "half"])
    let images = try file.array("images").tensor
    #expect(images.shape == [5, 3] && images.array(of: Float.self) == (0..<15).map { Float($0) / 2 })
    #expect(try file.array("labels").tensor.array(of: Int.self) == [2, 0, 1, 1, 2])
    #expect(try file.array("half").tensor.array(of: Float.self) == [0.5, -1])
    #expect(
      fileErrorMessage { _ = try file.array("label") }.hasSuffix(
        "\(name).npz: has no array 'label', but [\"images\", \"labels\", \"half\"]"))
    #expect(
      fileErrorMessage { _ = try file.array("images", limit: 59) }.hasSuffix(
        "\(name).npz[images.npy]: claims the shape [5, 3] of float32, more than the 59 bytes allowed"))
  }

  private func readAll(_ path: String) throws -> [[Double]] {
    let file = try NPZFile(path: path)
    return try file.names.map { try file.array($0).tensor.array(of: Double.self) }
  }

  @Test(arguments: ["stored", "compressed"])
  func everyTruncationIsAnErrorAndNoFlippedByteChangesNumbers(name: String) throws {
    let bytes = try contents(fixture("files/\(name).npz"))
    let whole = try readAll(fixture("files/\(name).npz"))
    for index in bytes.indices {
      let path = try folder.write(Array(bytes.prefix(index)), to: "arrays.npz")
      #expect(throws: FileError.self) { try readAll(path) }
      var flipped = bytes
      flipped[index] ^= 0x11
      try folder.write(flipped, to: "arrays.npz")
      do {
        let found = try readAll(path)
        #expect(whole.starts(with: found), "byte \(index)")
      } catch is FileError {
        continue
      }
    }
  }

  @Test func refusesOtherFiles() throws {
    let array = fixture("files/c-float32.npy")
    #expect(
      fileErrorMessage { _ = try NPZFile(path: array) }
        == "\(array): is not a ZIP archive: it ends without the list of its files")
    let list: [UInt8] = [0x50, 0x4B, 5, 6] + [0, 0, 0, 0, 255, 254, 255, 254] + [0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    let path = try folder.write(list, to: "arrays.npz")
    #expect(fileErrorMessage { _ = try NPZFile(path: path) } == "\(path): has a corrupt list of files")
    try folder.write(Array(list.prefix(12)) + [0, 0, 0, 5, 0, 0, 0, 0, 0, 0], to: "arrays.npz")
    #expect(
      fileErrorMessage { _ = try NPZFile(path: path) }
        == "\(path): has a list of files of 83886080 bytes, expected at most 67108864")
  }
}
