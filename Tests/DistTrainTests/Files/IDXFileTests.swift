import DistTrain
import Foundation
import Testing
import TestSupport

struct IDXFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func read(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> IDXFile {
    try IDXFile(path: folder.write(bytes, to: "array"), limit: limit)
  }

  func elements<Element>(_ file: IDXFile, as: Element.Type) -> [Element] {
    file.bytes.withUnsafeBytes { Array($0.bindMemory(to: Element.self)) }
  }

  @Test(arguments: ["files/tiny-idx3-ubyte", "files/tiny-idx3-ubyte.gz"])
  func readsPlainAndCompressed(name: String) throws {
    let file = try IDXFile(path: fixture(name))
    #expect(file.elementType == .uint8)
    #expect(file.shape == [2, 3, 4])
    #expect(elements(file, as: UInt8.self) == Array(0..<24))
  }

  @Test func readsEveryElementTypeIntoHostOrder() throws {
    #expect(try elements(read(idx(type: 0x09, shape: [2], elements: [0xFF, 5])), as: Int8.self) == [-1, 5])
    #expect(
      try elements(read(idx(type: 0x0B, shape: [2], elements: [0xFF, 0xFE, 1, 2])), as: Int16.self) == [-2, 258])
    #expect(try elements(read(idx(type: 0x0C, shape: [1, 1], elements: [0, 1, 0, 2])), as: Int32.self) == [65538])
    #expect(try elements(read(idx(type: 0x0D, shape: [1], elements: [0xBF, 0x80, 0, 0])), as: Float.self) == [-1])
    #expect(
      try elements(read(idx(type: 0x0E, shape: [1], elements: [0x3F, 0xF8, 0, 0, 0, 0, 0, 0])), as: Double.self)
        == [1.5])
    #expect(try read(idx(shape: [0, 5], elements: [])).shape == [0, 5])
  }

  @Test func refusesWhatIsNotTheArrayItClaims() {
    let cases: [(bytes: [UInt8], message: String)] = [
      ([], "is not an IDX file: it starts with nothing, expected 00 00 and a type"),
      ([1, 0, 8, 1], "is not an IDX file: it starts with 01 00 08 01, expected 00 00 and a type"),
      ([0, 0, 10, 1], "has the unknown IDX element type 0a, expected 08, 09 or 0b to 0e"),
      ([0, 0, 8, 0], "is an IDX file without dimensions"),
      ([0, 0, 8, 2, 0, 0, 0, 1, 0], "ends inside its header: 2 dimensions expected, 1 found"),
      (
        idx(shape: [3, 4], elements: [1, 2]),
        "is truncated: uint8 of shape [3, 4] takes 12 bytes after the header, 2 found"
      ),
      (
        storedGzip(idx(shape: [30], elements: [1, 2])),
        "is truncated: uint8 of shape [30] takes 30 bytes after the header, 2 found"
      ),
      (idx(shape: [2], elements: [1, 2, 3]), "is too long: uint8 of shape [2] ends after 10 bytes"),
      (
        idx(shape: [0xFFFF_FFFF, 0xFFFF_FFFF, 0xFFFF_FFFF], elements: []),
        "claims the shape [4294967295, 4294967295, 4294967295] of uint8, more than the 1048576 bytes allowed"
      ),
      (
        idx(shape: [2_000_000], elements: []),
        "claims the shape [2000000] of uint8, more than the 1048576 bytes allowed"
      ),
    ]
    for (bytes, message) in cases {
      #expect(fileErrorMessage { _ = try read(bytes) } == "\(folder.path)/array: \(message)")
    }
  }

  @Test func aSmallCompressedFileCannotClaimALargeArray() {
    let message = fileErrorMessage { _ = try read(storedGzip(idx(shape: [1 << 30], elements: [])), limit: 1 << 40) }
    #expect(message.contains("is truncated: uint8 of shape [1073741824]"))
  }

  @Test func namesAFileThatCannotBeOpened() {
    #expect(
      fileErrorMessage { _ = try IDXFile(path: "\(folder.path)/none") }
        == "\(folder.path)/none: cannot open: No such file or directory")
    #expect(fileErrorMessage { _ = try IDXFile(path: folder.path) } == "\(folder.path): is not a regular file")
    // Opening one for reading waits for a writer, unless told not to.
    let pipe = "\(folder.path)/pipe"
    #expect(mkfifo(pipe, 0o600) == 0)
    #expect(fileErrorMessage { _ = try IDXFile(path: pipe) } == "\(pipe): is not a regular file")
  }

  @Test(arguments: ["files/tiny-idx3-ubyte", "files/tiny-idx3-ubyte.gz"])
  func everyTruncationIsAnErrorAndNoFlippedByteCrashes(name: String) throws {
    let bytes = try contents(fixture(name))
    for index in bytes.indices {
      #expect(throws: FileError.self) { try read(Array(bytes.prefix(index))) }
      var flipped = bytes
      flipped[index] ^= 0x55
      do {
        _ = try read(flipped)
      } catch is FileError {
        continue
      }
    }
  }
}
