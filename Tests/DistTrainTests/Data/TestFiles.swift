import DistTrain
import Foundation

/// A file that is committed with the tests.
func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/\(name)").path
}

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
