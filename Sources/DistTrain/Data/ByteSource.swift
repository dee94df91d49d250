import Foundation

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

/// A regular file opened for reading.
package final class InputFile: ByteSource {
  package let path: String
  /// The size in bytes when the file was opened.
  package let size: Int
  private let descriptor: Int32
  private var position = 0

  /// Opens a file.
  /// - Throws: ``FileError`` where it is missing, unreadable or not a regular file.
  package init(path: String) throws {
    self.path = path
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw FileError.system(path, "cannot open") }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw FileError(path, "is not a regular file")
    }
    size = Int(status.st_size)
  }

  deinit { close(descriptor) }

  package var maximumCount: Int { size }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try read(into: buffer, at: position)
    position += count
    return count
  }

  /// Fills `buffer` with the bytes from `offset` on, and returns how many there were.
  package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
    var done = 0
    while done < buffer.count {
      let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, off_t(offset + done))
      if count == 0 { break }
      if count > 0 {
        done += count
      } else if errno != EINTR {
        throw FileError.system(path, "cannot read")
      }
    }
    return done
  }

  /// The bytes of a range, or fewer where the file ends first.
  func bytes(_ range: Range<Int>) throws -> [UInt8] {
    try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, written in
      written = try read(into: UnsafeMutableRawBufferPointer(buffer), at: range.lowerBound)
    }
  }

  /// Opens a file that may be compressed with gzip, which its first two bytes tell, not its name.
  package static func openDecompressing(path: String) throws -> any ByteSource {
    let file = try InputFile(path: path)
    var magic: (UInt8, UInt8) = (0, 0)
    let found = try withUnsafeMutableBytes(of: &magic) { try file.read(into: $0, at: 0) }
    return found == 2 && magic == (0x1F, 0x8B) ? try Inflater(file, format: .gzip) : file
  }
}

/// A range of a file's bytes.
final class FilePart: ByteSource {
  let path: String
  let maximumCount: Int
  private let file: InputFile
  private var rest: Range<Int>

  init(_ file: InputFile, _ range: Range<Int>, path: String) {
    self.file = file
    self.path = path
    maximumCount = range.count
    rest = range
  }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let room = UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(rest.count))
    let count = try file.read(into: room, at: rest.lowerBound)
    rest = rest.lowerBound + count..<rest.upperBound
    return count
  }
}
