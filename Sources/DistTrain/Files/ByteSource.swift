/// Bytes that are read from the front to the back: a file, memory, or the output of a decompressor.
package protocol ByteSource: AnyObject {
  /// The file that the bytes come from, for messages.
  var path: String { get }
  /// No more bytes than this can come out of the source, so a header that promises more is lying.
  var maximumCount: Int { get }
  /// Fills `buffer` from its start and returns how many bytes were written: fewer than asked only at the end.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

extension ByteSource {
  /// The next `count` bytes, or fewer where the source ends first.
  package func read(upTo count: Int) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: min(count, max(maximumCount, 1))) { buffer, written in
      written = try read(into: UnsafeMutableRawBufferPointer(buffer))
    }
  }

  /// Everything to the end, in a buffer that grows as bytes arrive.
  /// - Throws: ``FileError`` where there are more than `limit` bytes.
  package func readAll(limit: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while true {
      let part = try read(upTo: min(max(65536, bytes.count), limit - bytes.count + 1))
      if part.isEmpty { return bytes }
      bytes += part
      guard bytes.count <= limit else { throw FileError(path, "holds more than the \(limit) bytes allowed here") }
    }
  }

  /// Whether the source has no byte left. For compressed data this also checks its last checksum.
  package func isAtEnd() throws -> Bool {
    var byte: UInt8 = 0
    return try withUnsafeMutableBytes(of: &byte) { try read(into: $0) } == 0
  }
}

/// Bytes in memory as a source.
package final class MemorySource: ByteSource {
  package let path: String
  private let bytes: [UInt8]
  private var position = 0

  package init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  package var maximumCount: Int { bytes.count }

  package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let count = min(buffer.count, bytes.count - position)
    buffer.copyBytes(from: bytes[position..<position + count])
    position += count
    return count
  }
}
