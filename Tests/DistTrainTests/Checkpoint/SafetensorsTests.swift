import DistTrain
import Foundation
import Testing
import TestSupport

struct SafetensorsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func values<Element>(_ file: SafetensorsFile, _ name: String, as: Element.Type) throws -> [Element] {
    try file.bytes(name).withUnsafeBytes { Array($0.bindMemory(to: Element.self)) }
  }

  @Test func readsWhatPythonWrote() throws {
    let file = try SafetensorsFile(path: fixture("files/python.safetensors"))
    #expect(try values(file, "0.weight", as: Float.self) == [0, 0.25, 0.5, 0.75, 1, 1.25])
    #expect(try values(file, "0.bias", as: Double.self) == [1.5, -2])
    #expect(try values(file, "steps", as: Int64.self) == [7])
    #expect(try values(file, "index", as: Int32.self) == [1, -2])
    #expect(try values(file, "half", as: UInt16.self) == [0x3F00, 0x3F80])
    #expect(try values(file, "f16", as: UInt16.self) == [0x3800])
    #expect(try values(file, "bytes", as: UInt8.self) == [1, 2, 255])
    #expect(try values(file, "mask", as: UInt8.self) == [1, 0, 1])
    #expect(file.entry("0.weight") == .init(name: "0.weight", elementType: .float32, shape: [2, 3]))
    #expect(file.entry("steps")?.shape == [])
    #expect(file.entry("empty")?.shape == [0, 4])
    #expect(file.entry("none") == nil)
    #expect(file.metadata == [.init("note", "é \"quoted\""), .init("format", "pt")])
  }

  /// Writes again what the fixture holds, in its order: the file is the same, byte for byte.
  @Test func writesWhatPythonWrites() throws {
    let file = try SafetensorsFile(path: fixture("files/python.safetensors"))
    let path = "\(folder.path)/copy.safetensors"
    try Safetensors.write(to: path, entries: file.entries, metadata: file.metadata) { index, write in
      try file.bytes(file.entries[index].name).withUnsafeBytes(write)
    }
    #expect(try contents(path) == contents(fixture("files/python.safetensors")))
  }

  @Test func keepsTheOrderAndAlignsTheData() throws {
    let path = "\(folder.path)/model.safetensors"
    let entries = ["z", "a", "m"].map { Safetensors.Entry(name: $0, elementType: .uint8, shape: [1]) }
    try Safetensors.write(to: path, entries: entries) { index, write in
      try withUnsafeBytes(of: UInt8(index)) { try write($0) }
    }
    let file = try SafetensorsFile(path: path)
    #expect(file.entries == entries)
    #expect(file.metadata == [])
    #expect(try entries.map { try file.bytes($0.name)[0] } == [0, 1, 2])
    #expect(try contents(path).count % 8 == 3)
  }

  @Test func readsAnEmptyFileOfTensors() throws {
    try Safetensors.write(to: "\(folder.path)/empty", entries: []) { _, _ in }
    #expect(try SafetensorsFile(path: "\(folder.path)/empty").entries == [])
  }

  @Test func failedWritesLeaveNothing() throws {
    struct Stop: Error {}
    let entry = Safetensors.Entry(name: "a", elementType: .uint8, shape: [1])
    #expect(throws: Stop.self) {
      try Safetensors.write(to: "\(folder.path)/model", entries: [entry]) { _, _ in throw Stop() }
    }
    #expect(fileErrorMessage { _ = try SafetensorsFile(path: "\(folder.path)/model") }.contains("cannot open"))
  }

  @Test func namesAMissingTensor() throws {
    let file = try SafetensorsFile(path: fixture("files/python.safetensors"))
    #expect(fileErrorMessage { _ = try file.bytes("1.weight") }.hasSuffix("has no tensor '1.weight'"))
  }

  static let hostile: [(header: String, data: Int, message: String)] = [
    ("[]", 0, "has a header that is not a JSON object"),
    ("{", 0, "has a header that is not valid JSON: expected '\"' at byte 1"),
    (#"{"a":1}"#, 0, "tensor 'a' has the dtype of no text, expected one of F64, F32, F16, BF16, I64, I32, U8, BOOL"),
    (
      #"{"a":{"dtype":"F8","shape":[1],"data_offsets":[0,1]}}"#, 1,
      "tensor 'a' has the dtype F8, expected one of F64, F32, F16, BF16, I64, I32, U8, BOOL"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}"#, 1,
      "tensor 'a' has no shape of whole numbers from 0"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}"#, 1,
      "tensor 'a' has no shape of whole numbers from 0"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,0]}}"#, 1,
      "tensor 'a' has no data_offsets of two rising whole numbers"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[1]}}"#, 1,
      "tensor 'a' has no data_offsets of two rising whole numbers"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}"#, 4,
      "tensor 'a' of shape [2] and dtype F32 has 4 bytes, which its shape does not take"
    ),
    (
      #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#, 0,
      "tensor 'a' of shape [4611686018427387904, 4] and dtype F32 has 0 bytes, which its shape does not take"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3,
      "tensor 'b' starts at byte 1, expected 2: tensors overlap or leave a gap"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#, 3,
      "tensor 'a' starts at byte 1, expected 0: tensors overlap or leave a gap"
    ),
    (
      #"{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}"#, 0,
      #"has a header that is not valid JSON: the name "a" is used twice at byte 56"#
    ),
    (#"{"__metadata__":[]}"#, 0, "has __metadata__ that is not a JSON object"),
    (#"{"__metadata__":{"a":1}}"#, 0, "has metadata 'a' that is not a text"),
    (
      #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 1, "is truncated: 2 bytes of tensors expected, 1 found"
    ),
    (#"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}"#, 3, "is too long: 2 bytes of tensors expected, 3 found"),
  ]

  @Test(arguments: hostile.indices)
  func refusesHostileHeaders(index: Int) throws {
    let (header, data, message) = Self.hostile[index]
    let bytes = littleEndian(header.utf8.count, count: 8) + header.utf8 + [UInt8](repeating: 0, count: data)
    let path = try folder.write(bytes, to: "hostile")
    #expect(fileErrorMessage { _ = try SafetensorsFile(path: path) } == "\(path): \(message)")
  }

  @Test func refusesHeadersLongerThanTheFile() throws {
    let path = try folder.write([UInt8](repeating: 0xFF, count: 20), to: "hostile")
    #expect(
      fileErrorMessage { _ = try SafetensorsFile(path: path) }.hasSuffix(
        "a header of 18446744073709551615 bytes expected, 12 bytes follow"))
    // More than the format allows, in a file that is long enough and has no blocks.
    try folder.write(littleEndian(100_000_001, count: 8), to: "hostile")
    #expect(truncate(path, 200_000_000) == 0)
    #expect(fileErrorMessage { _ = try SafetensorsFile(path: path) }.contains("a header of 100000001 bytes expected"))
    try folder.write([1, 2, 3], to: "hostile")
    #expect(fileErrorMessage { _ = try SafetensorsFile(path: path) }.hasSuffix("it holds 3 bytes, expected at least 8"))
  }

  @Test func everyTruncationIsAnErrorAndNoFlippedByteCrashes() throws {
    let bytes = try contents(fixture("files/python.safetensors"))
    for index in bytes.indices {
      let path = try folder.write(Array(bytes.prefix(index)), to: "truncated")
      #expect(throws: FileError.self) { try SafetensorsFile(path: path) }
      var flipped = bytes
      flipped[index] ^= 0x55
      try folder.write(flipped, to: "truncated")
      do {
        let file = try SafetensorsFile(path: path)
        for entry in file.entries { _ = try file.bytes(entry.name) }
      } catch is FileError {
        continue
      }
    }
  }
}
