import DistTrain
import Testing
import TestSupport

struct NPYFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func elements<Element>(_ name: String, as: Element.Type) throws -> (shape: [Int], [Element]) {
    let file = try NPYFile(path: fixture("files/\(name).npy"))
    return (file.shape, file.bytes.withUnsafeBytes { Array($0.bindMemory(to: Element.self)) })
  }

  @Test func readsWhatNumPyWrote() throws {
    #expect(try elements("c-float32", as: Float.self) == ([2, 3, 4], (0..<24).map { Float($0) }))
    #expect(try elements("fortran-float64", as: Double.self) == ([2, 3, 4], (0..<24).map { Double($0) }))
    #expect(try elements("big-int32", as: Int32.self) == ([2, 3, 4], Array(0..<24)))
    #expect(try elements("version2-uint8", as: UInt8.self) == ([2, 3, 4], Array(0..<24)))
    #expect(try elements("scalar-int64", as: Int64.self) == ([], [-7]))
    #expect(try elements("bool", as: UInt8.self) == ([3], [1, 0, 1]))
  }

  func npy(_ header: String, version: UInt8 = 1, data: Int) -> [UInt8] {
    [0x93] + Array("NUMPY".utf8) + [version, 0] + littleEndian(header.utf8.count, count: version == 1 ? 2 : 4)
      + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  @Test func refusesWhatIsNotTheArrayItClaims() throws {
    let cases: [(bytes: [UInt8], message: String)] = [
      (Array("PK345678".utf8), "is not an NPY file: it starts with 50 4b 33 34 35 36"),
      (npy("", version: 4, data: 0), "is NPY version 4, expected 1 to 3"),
      (npy("{}", data: 0), "has a header without descr, fortran_order and shape: {}"),
      (
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 'y'}", data: 8),
        "has a header without descr, fortran_order and shape: "
          + "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 'y'}"
      ),
      (
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", data: 8),
        "has a header without descr, fortran_order and shape: {'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}"
      ),
      (
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (3,)}", data: 8),
        "is truncated: float32 of shape [3] takes 12 bytes, 8 found"
      ),
      (
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (100000,)}", data: 8),
        "is truncated: float32 of shape [100000] takes 400000 bytes"
      ),
      (
        npy("{'descr': '<f4', 'fortran_order': True, 'shape': (1,)}", data: 8),
        "is too long: float32 of shape [1] takes 4 bytes"
      ),
      (
        npy("{'descr': '<f4', 'fortran_order': True, 'shape': (9223372036854775807, 2, 0)}", data: 0),
        "claims the shape [9223372036854775807, 2, 0] of float32, more than the 4294967296 bytes allowed"
      ),
    ]
    for (bytes, message) in cases {
      let path = try folder.write(bytes, to: "array.npy")
      #expect(fileErrorMessage { _ = try NPYFile(path: path) } == "\(path): \(message)")
    }
    #expect(
      fileErrorMessage { _ = try NPYFile(path: fixture("files/complex.npy")) }.hasSuffix(
        "holds elements of type '<c8', expected one of f8, f4, f2, i8, i4, u1, b1 after < or >"))
  }

  @Test(arguments: ["c-float32", "fortran-float64", "fortran-big-float16", "version2-uint8"])
  func everyTruncationIsAnErrorAndNoFlippedByteCrashes(name: String) throws {
    let bytes = try contents(fixture("files/\(name).npy"))
    for index in bytes.indices {
      let path = try folder.write(Array(bytes.prefix(index)), to: "array.npy")
      #expect(throws: FileError.self) { try NPYFile(path: path) }
      var flipped = bytes
      flipped[index] ^= 0x11
      try folder.write(flipped, to: "array.npy")
      do {
        _ = try NPYFile(path: path)
      } catch is FileError {
        continue
      }
    }
  }
}
