import CZlib

/// Files in a ZIP archive, stored or compressed by deflate, also of more than 4 GiB (ZIP64).
///
/// Format: <https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>.
enum ZIPArchive {
  /// A file in an archive.
  struct Entry {
    let name: String
    fileprivate let method: Int
    fileprivate let checksum: Int
    fileprivate var compressedSize: Int
    fileprivate var size: Int
    fileprivate var headerOffset: Int
  }

  private static let mostListBytes = 64 << 20

  /// The files that an archive lists at its end, in that order.
  /// - Throws: ``FileError`` where it is no archive, or its list is corrupt.
  static func entries(of file: InputFile) throws -> [Entry] {
    // Of the last record only the comment's length may vary.
    let tail = try file.bytes(max(file.size - 22 - 0xFFFF, 0)..<file.size)
    let places = stride(from: tail.count - 22, through: 0, by: -1)
    guard let start = places.first(where: { tail[$0...].starts(with: [0x50, 0x4B, 5, 6]) }) else {
      throw FileError(file.path, "is not a ZIP archive: it ends without the list of its files")
    }
    let record = tail[start...]
    var (count, size, offset) = (record.number(at: 10, 2), record.number(at: 12, 4), record.number(at: 16, 4))
    if count == 0xFFFF || size == 0xFFFF_FFFF || offset == 0xFFFF_FFFF, start >= 20,
      tail[(start - 20)...].starts(with: [0x50, 0x4B, 6, 7])
    {
      let place = tail[(start - 20)...].number(at: 8, 8)
      let large = try file.bytes(place..<place.advanced(by: 56, within: file.size))
      guard large.starts(with: [0x50, 0x4B, 6, 6]) else { throw FileError(file.path, "has a corrupt list of files") }
      (count, size, offset) = (large.number(at: 32, 8), large.number(at: 40, 8), large.number(at: 48, 8))
    }
    guard size <= mostListBytes else {
      throw FileError(file.path, "has a list of files of \(size) bytes, expected at most \(mostListBytes)")
    }
    var rest = try file.bytes(offset..<offset.advanced(by: size, within: file.size))[...]
    var entries: [Entry] = []
    while entries.count < count {
      guard let entry = Entry(&rest) else { throw FileError(file.path, "has a corrupt list of files") }
      entries.append(entry)
    }
    return entries
  }

  /// What a file in an archive holds; its end is reached only if its checksum is right.
  /// - Throws: ``FileError`` where it is not there, or compressed in another way.
  static func contents(of entry: Entry, in file: InputFile) throws -> any ByteSource {
    let path = "\(file.path)[\(entry.name)]"
    let offset = entry.headerOffset
    let header = try file.bytes(offset..<offset.advanced(by: 30, within: file.size))
    guard header.count == 30, header.starts(with: [0x50, 0x4B, 3, 4]) else {
      throw FileError(path, "is not where the list of files says")
    }
    guard header[6] & 1 == 0 else { throw FileError(path, "is encrypted") }
    let start = offset + 30 + header.number(at: 26, 2) + header.number(at: 28, 2)
    let part = FilePart(file, start..<start.advanced(by: entry.compressedSize, within: file.size), path: path)
    switch entry.method {
    case 0: return CheckedSource(part, size: entry.size, checksum: entry.checksum)
    case 8: return CheckedSource(try Inflater(part, format: .deflate), size: entry.size, checksum: entry.checksum)
    default: throw FileError(path, "is compressed by method \(entry.method), expected 0 (stored) or 8 (deflate)")
    }
  }
}

extension ZIPArchive.Entry {
  /// The entry at the front of a list, which is taken off; nil where there is none.
  fileprivate init?(_ list: inout ArraySlice<UInt8>) {
    guard list.count >= 46, list.starts(with: [0x50, 0x4B, 1, 2]) else { return nil }
    let (nameSize, extraSize) = (list.number(at: 28, 2), list.number(at: 30, 2))
    let length = 46 + nameSize + extraSize + list.number(at: 32, 2)
    guard list.count >= length else { return nil }
    let front = list.dropFirst(46)
    name = String(decoding: front.prefix(nameSize), as: UTF8.self)
    method = list.number(at: 10, 2)
    checksum = list.number(at: 16, 4)
    compressedSize = list.number(at: 20, 4)
    size = list.number(at: 24, 4)
    headerOffset = list.number(at: 42, 4)
    var extra = front.dropFirst(nameSize).prefix(extraSize)
    while extra.count >= 4 {
      let (kind, bytes) = (extra.number(at: 0, 2), extra.number(at: 2, 2))
      if kind == 1 {
        // What did not fit into 32 bits, in this order.
        var large = extra.dropFirst(4).prefix(bytes)
        for field in [\Self.size, \.compressedSize, \.headerOffset] where self[keyPath: field] == 0xFFFF_FFFF {
          guard large.count >= 8 else { return nil }
          self[keyPath: field] = large.number(at: 0, 8)
          large = large.dropFirst(8)
        }
      }
      extra = extra.dropFirst(4 + bytes)
    }
    list = list.dropFirst(length)
  }
}

/// Bytes whose number and CRC-32 are known, and looked at where they end.
private final class CheckedSource: ByteSource {
  private let source: any ByteSource
  private let size: Int
  private let checksum: Int
  private var (count, sum) = (0, UInt(0))

  init(_ source: any ByteSource, size: Int, checksum: Int) {
    self.source = source
    self.size = size
    self.checksum = checksum
  }

  var path: String { source.path }
  var maximumCount: Int { min(size, source.maximumCount) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    let found = try source.read(into: buffer)
    // Without bytes it would begin anew.
    if found > 0 { sum = crc32_z(sum, buffer.baseAddress?.assumingMemoryBound(to: UInt8.self), found) }
    count += found
    guard found == buffer.count || count == size && sum == UInt(checksum) else {
      throw FileError(path, "is corrupt: \(count) bytes, or their checksum, are not what the archive tells")
    }
    return found
  }
}

extension Collection<UInt8> {
  /// The little-endian number of so many bytes from a place on, counted from the front; `Int.max` for those above it.
  fileprivate func number(at place: Int, _ count: Int) -> Int {
    Int(clamping: dropFirst(place).prefix(count).reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }
}

extension Int {
  /// What comes so much after this number, but not after `limit`, nor before this number.
  fileprivate func advanced(by count: Int, within limit: Int) -> Int {
    let (sum, overflow) = addingReportingOverflow(count)
    return Swift.max(self, Swift.min(overflow ? limit : sum, limit))
  }
}
