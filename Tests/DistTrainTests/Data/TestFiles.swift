import Foundation
import Testing

import DistTrain

/// A folder that is there while the test runs.
final class TemporaryFolder {
  let path: String

  init() throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("disttrain-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    path = url.path
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a file and returns its path.
  @discardableResult
  func write(_ bytes: [UInt8], to name: String) throws -> String {
    let file = "\(path)/\(name)"
    try Data(bytes).write(to: URL(fileURLWithPath: file))
    return file
  }
}

/// A file that is committed with the tests.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/\(name)").path
}

func contents(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }

/// The message of the `FileError` that `body` must throw.
func fileErrorMessage(_ body: () throws -> Void) -> String {
  do {
    try body()
    return "no error"
  } catch let error as FileError {
    return error.description
  } catch {
    return "another error: \(error)"
  }
}

func bigEndian(_ value: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) } }

func littleEndian(_ value: Int, count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
}

/// A gzip member that stores `bytes` without compressing them.
func storedGzip(_ bytes: [UInt8]) -> [UInt8] {
  precondition(bytes.count < 65536)
  let length = littleEndian(bytes.count, count: 2)
  return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255, 1] + length + length.map { ~$0 } + bytes
    + littleEndian(Int(crc32(of: bytes)), count: 4) + littleEndian(bytes.count, count: 4)
}

/// An IDX file.
func idx(type: UInt8 = 8, shape: [Int], elements: [UInt8]) -> [UInt8] {
  [0, 0, type, UInt8(shape.count)] + shape.flatMap(bigEndian) + elements
}
