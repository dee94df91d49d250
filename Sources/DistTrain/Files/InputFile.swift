import Foundation

/// A regular file opened for reading.
final class InputFile: ByteSource {
  let path: String
  /// The size in bytes when the file was opened.
  let size: Int
  private let descriptor: Int32
  private var position = 0

  /// Opens a file.
  /// - Throws: ``FileError`` where it is missing, unreadable or not a regular file.
  init(path: String) throws {
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

  var maximumCount: Int { size }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let count = try read(into: buffer, at: position)
    position += count
    return count
  }

  /// Fills `buffer` with the bytes from `offset` on, and returns how many there were.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws -> Int {
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
  static func openDecompressing(path: String) throws -> any ByteSource {
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
