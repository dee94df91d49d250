/// Cuts the bytes of a table into rows of fields, without copying them.
struct CSVScanner {
  /// Where a field is.
  private struct Field {
    let range: Range<Int>
    /// Whether two quotes in it stand for one.
    let hasQuotes: Bool
  }

  private let bytes: [UInt8]
  private let separator: UInt8
  private let path: String
  private var position = 0
  private var line = 1
  /// Those of the last row.
  private var fields: [Field] = []

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  init(bytes: [UInt8], separator: UInt8, path: String) {
    self.bytes = bytes
    self.separator = separator
    self.path = path
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }  // a byte order mark
  }

  /// The number of fields in the last row.
  var fieldCount: Int { fields.count }

  /// Goes to the next row that is not empty; the line it starts in, or nil at the end.
  mutating func nextRow() throws -> Int? {
    while takeLineEnd() {}
    guard position < bytes.count else { return nil }
    let start = line
    fields.removeAll(keepingCapacity: true)
    fields.append(try nextField())
    while position < bytes.count, bytes[position] == separator {
      position += 1
      fields.append(try nextField())
    }
    guard position == bytes.count || takeLineEnd() else {
      throw FileError(path, "line \(line) has text after a closing quote")
    }
    return start
  }

  /// The text of a field of the last row.
  func text(_ index: Int) -> String {
    let field = fields[index]
    guard field.hasQuotes else { return String(decoding: bytes[field.range], as: UTF8.self) }
    var text: [UInt8] = []
    var isSecondQuote = false
    for byte in bytes[field.range] {
      if !isSecondQuote { text.append(byte) }
      isSecondQuote = byte == Self.quote && !isSecondQuote
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The number that a field of the last row is, where it is a plain one.
  func decimalNumber(_ index: Int) -> Double? { Double(decimal: bytes, fields[index].range) }

  private var isCarriageReturnAndLineFeed: Bool {
    position + 1 < bytes.count && bytes[position] == Self.carriageReturn && bytes[position + 1] == Self.lineFeed
  }

  private mutating func takeLineEnd() -> Bool {
    guard position < bytes.count else { return false }
    let length = isCarriageReturnAndLineFeed ? 2 : bytes[position] == Self.lineFeed ? 1 : 0
    position += length
    line += length > 0 ? 1 : 0
    return length > 0
  }

  private mutating func nextField() throws -> Field {
    if position < bytes.count, bytes[position] == Self.quote { return try nextQuotedField() }
    let start = position
    var isPlain = true
    while position < bytes.count {
      let byte = bytes[position]
      if byte == separator || byte == Self.lineFeed { break }
      if byte == Self.carriageReturn {
        guard isCarriageReturnAndLineFeed else {
          throw FileError(path, "line \(line) has a carriage return without a line feed")
        }
        break
      }
      isPlain = isPlain && Self.isPlain(byte)
      position += 1
    }
    return try field(start..<position, isPlain: isPlain, hasQuotes: false)
  }

  /// A field in quotes, in which two quotes stand for one.
  private mutating func nextQuotedField() throws -> Field {
    let startLine = line
    position += 1
    let start = position
    var (isPlain, hasQuotes) = (true, false)
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == Self.quote {
        guard position < bytes.count, bytes[position] == Self.quote else {
          return try field(start..<position - 1, isPlain: isPlain, hasQuotes: hasQuotes)
        }
        position += 1
        hasQuotes = true
      }
      line += byte == Self.lineFeed ? 1 : 0
      isPlain = isPlain && Self.isPlain(byte)
    }
    throw FileError(path, "line \(startLine) has a quote that is not closed")
  }

  /// Whether a byte is a character by itself.
  private static func isPlain(_ byte: UInt8) -> Bool { byte != 0 && byte < 0x80 }

  private func field(_ range: Range<Int>, isPlain: Bool, hasQuotes: Bool) throws -> Field {
    guard isPlain || (String(validating: bytes[range], as: UTF8.self) != nil && !bytes[range].contains(0)) else {
      throw FileError(path, "line \(line) is no text in UTF-8")
    }
    return Field(range: range, hasQuotes: hasQuotes)
  }
}
