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

  @Test(arguments: ["stored", "compressed"], [false, true])
  func everyTruncationIsAnErrorAndNoFlippedByteChangesNumbers(name: String, isLarge: Bool) throws {
    let small = try contents(fixture("files/\(name).npz"))
    let whole = try readAll(fixture("files/\(name).npz"))
    let bytes = isLarge ? ZIP64.archive(small) : small
    #expect(try readAll(folder.write(bytes, to: "arrays.npz")) == whole)
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

/// What an archive of more than 4 GiB has in place of the numbers that do not fit.
private enum ZIP64 {
  /// The same archive with all numbers of its list in 64 bits.
  static func archive(_ bytes: [UInt8]) -> [UInt8] {
    func number(_ place: Int, _ count: Int) -> Int {
      (0..<count).reversed().reduce(0) { $0 << 8 | Int(bytes[place + $1]) }
    }
    func little(_ number: Int, _ count: Int) -> [UInt8] {
      (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }
    let unknown = [UInt8](repeating: 0xFF, count: 4)
    let end = bytes.count - 22
    let start = number(end + 16, 4)
    var (list, count, place) = ([UInt8](), 0, start)
    while place < end {
      let (name, extra) = (number(place + 28, 2), number(place + 30, 2))
      let (compressed, size, header) = (number(place + 20, 4), number(place + 24, 4), number(place + 42, 4))
      list += bytes[place..<place + 20] + unknown + unknown + bytes[place + 28..<place + 30] + little(extra + 28, 2)
      list += bytes[place + 32..<place + 42] + unknown + bytes[place + 46..<place + 46 + name + extra]
      list += [1, 0, 24, 0] + little(size, 8) + little(compressed, 8) + little(header, 8)
      place += 46 + name + extra
      count += 1
    }
    let record = [0x50, 0x4B, 6, 6] + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8)
    let sizes = little(count, 8) + little(count, 8) + little(list.count, 8) + little(start, 8)
    let locator = [0x50, 0x4B, 6, 7] + little(0, 4) + little(start + list.count, 8) + little(1, 4)
    let last = [0x50, 0x4B, 5, 6] + little(0, 4) + unknown + unknown + unknown + little(0, 2)
    return bytes[..<start] + list + record + sizes + locator + last
  }
}
