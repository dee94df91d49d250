import CZlib

/// Decompresses gzip (RFC 1952), zlib (RFC 1950) or plain deflate (RFC 1951) data as it is read, with zlib.
///
/// The reader decides how many bytes it takes, so compressed data never grows beyond the buffer it is read into.
/// Gzip members that follow each other are read as one stream, as the `gzip` command does.
package final class Inflater: ByteSource {
  /// The wrapping of the deflate stream.
  package enum Format: String {
    case gzip, zlib, deflate
  }

  /// Deflate's shortest code stands for 258 bytes in 2 bits, so no input grows more than this.
  private static let largestRatio = 1032

  private let source: any ByteSource
  private let format: Format
  private let stream: UnsafeMutablePointer<z_stream>
  private let input: UnsafeMutableRawBufferPointer
  private var isFinished = false
  private var produced = 0

  /// Decompresses what `source` gives.
  package init(_ source: any ByteSource, format: Format) throws {
    self.source = source
    self.format = format
    stream = .allocate(capacity: 1)
    stream.initialize(to: z_stream())
    input = .allocate(byteCount: 1 << 16, alignment: 64)
    let windowBits: Int32 =
      switch format {
      case .gzip: 15 + 16
      case .zlib: 15
      case .deflate: -15
      }
    let status = inflateInit2_(stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else { throw FileError(source.path, "zlib \(ZLIB_VERSION) cannot start (status \(status))") }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
    input.deallocate()
  }

  package var path: String { source.path }

  package var maximumCount: Int {
    let (count, overflow) = source.maximumCount.multipliedReportingOverflow(by: Self.largestRatio)
    return overflow ? Int.max : count
  }

  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var done = 0
    while done < buffer.count, !isFinished {
      guard try hasInput() else {
        throw FileError(path, "the \(format) data ends early, after \(produced) decompressed bytes: it is truncated")
      }
      let room = min(buffer.count - done, Int(Int32.max))
      stream.pointee.next_out = (buffer.baseAddress! + done).assumingMemoryBound(to: UInt8.self)
      stream.pointee.avail_out = UInt32(room)
      let status = inflate(stream, Z_NO_FLUSH)
      let count = room - Int(stream.pointee.avail_out)
      done += count
      produced += count
      switch status {
      case Z_OK: continue
      case Z_STREAM_END: try endMember()
      default: throw FileError(path, "the \(format) data is corrupt after \(produced) bytes: \(message(for: status))")
      }
    }
    return done
  }

  /// Whether compressed bytes are waiting, after asking the source for more where there are none.
  private func hasInput() throws -> Bool {
    if stream.pointee.avail_in == 0 {
      stream.pointee.avail_in = UInt32(try source.read(into: input))
      stream.pointee.next_in = input.baseAddress!.assumingMemoryBound(to: UInt8.self)
    }
    return stream.pointee.avail_in > 0
  }

  /// Goes on with the next gzip member where there is one; anything else after the end is an error.
  private func endMember() throws {
    guard try hasInput() else {
      isFinished = true
      return
    }
    guard format == .gzip, stream.pointee.next_in.pointee == 0x1F else {
      throw FileError(path, "has bytes after the end of its \(format) data")
    }
    inflateReset(stream)
  }

  private func message(for status: Int32) -> String {
    stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
  }
}

/// The CRC-32 that gzip and PNG use, of `bytes`.
package func crc32(of bytes: some Collection<UInt8>) -> UInt32 {
  let bytes = Array(bytes)
  return UInt32(crc32_z(0, bytes, bytes.count))
}
