import Foundation

/// A table of numbers from a text file with separated values (RFC 4180): quoted fields, both kinds of line ends, and
/// empty lines, which are skipped.
public struct CSVFile: Sendable {
  /// What becomes of fields that are empty, `nan` or `NA`.
  public enum MissingValues: Sendable {
    /// They are an error, with their line.
    case error
    /// They become NaN.
    case keep
    /// Their row is left out.
    case dropRow
  }

  /// The file.
  public let path: String
  /// The names in the first row, or none where the file has no header.
  public let columnNames: [String]
  /// The number of columns.
  public let columnCount: Int
  /// The numbers, row after row.
  public let values: [Double]
  /// The line of the file in which each row begins, from 1.
  let lines: [Int]

  /// The number of rows, the header not counted.
  public var rowCount: Int { columnCount == 0 ? 0 : values.count / columnCount }

  /// Reads a file, plain or compressed with gzip.
  /// - Parameters:
  ///   - path: The file.
  ///   - hasHeader: Whether the first row holds the names of the columns.
  ///   - separator: The character between fields.
  ///   - missing: What becomes of missing values.
  ///   - limit: The most bytes of text that are accepted.
  /// - Throws: ``FileError`` with the line where a row has more or fewer fields than the first, a field is not a finite
  ///   decimal number, a quote is not closed, or a line ends otherwise; also for what is no text in UTF-8.
  public init(
    path: String, hasHeader: Bool, separator: Unicode.Scalar = ",", missing: MissingValues = .error,
    limit: Int = 1 << 31
  ) throws {
    precondition(separator.isASCII && separator != "\"", "the separator '\(separator)'")
    let bytes = try InputFile.openDecompressing(path: path).readAll(limit: limit)
    var scanner = CSVScanner(bytes: bytes, separator: UInt8(ascii: separator), path: path)
    var names: [String]?
    var columnCount: Int?
    var values: [Double] = []
    var lines: [Int] = []
    while let row = try scanner.nextRow() {
      let expected = columnCount ?? row.fields.count
      guard row.fields.count == expected else {
        throw FileError(
          path, "line \(row.line) has \(row.fields.count) fields, expected \(expected) as in the first row")
      }
      columnCount = expected
      if hasHeader, names == nil {
        names = row.fields
        continue
      }
      let numbers = try row.fields.enumerated().map { column, field in
        try Self.number(field, missing) { FileError(path, "line \(row.line), field \(column + 1) \($0)") }
      }
      guard missing != .dropRow || !numbers.contains(where: \.isNaN) else { continue }
      values += numbers
      lines.append(row.line)
    }
    self.path = path
    columnNames = names ?? []
    self.columnCount = columnCount ?? 0
    self.values = values
    self.lines = lines
  }

  private static func number(
    _ field: String, _ missing: MissingValues, error: (String) -> FileError
  ) throws -> Double {
    let text = field.trimmingCharacters(in: .whitespaces)
    let isMissing = text.isEmpty || text == "NA"
    // What is hexadecimal, or too large, would be taken without a word.
    guard let value = isMissing ? .nan : Double(text), !value.isInfinite,
      !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") })
    else {
      throw error("is '\(field)', expected a number")
    }
    guard !value.isNaN || missing != .error else { throw error("is missing ('\(field)')") }
    return value
  }
}

/// Cuts text into rows of fields.
private struct CSVScanner {
  let bytes: [UInt8]
  let separator: UInt8
  let path: String
  private var position = 0
  private var line = 1

  private static let quote = UInt8(ascii: "\"")
  private static let lineFeed = UInt8(ascii: "\n")
  private static let carriageReturn = UInt8(ascii: "\r")

  init(bytes: [UInt8], separator: UInt8, path: String) {
    self.bytes = bytes
    self.separator = separator
    self.path = path
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }  // a byte order mark
  }

  /// The fields of the next row that is not empty and the line it starts in, or nil at the end.
  mutating func nextRow() throws -> (line: Int, fields: [String])? {
    while takeLineEnd() {}
    guard position < bytes.count else { return nil }
    let start = line
    var fields = [try field()]
    while position < bytes.count, bytes[position] == separator {
      position += 1
      fields.append(try field())
    }
    guard position == bytes.count || takeLineEnd() else {
      throw FileError(path, "line \(line) has text after a closing quote")
    }
    return (start, fields)
  }

  private var isCarriageReturnAndLineFeed: Bool {
    position + 1 < bytes.count && bytes[position] == Self.carriageReturn && bytes[position + 1] == Self.lineFeed
  }

  private mutating func takeLineEnd() -> Bool {
    let length = isCarriageReturnAndLineFeed ? 2 : bytes[position...].first == Self.lineFeed ? 1 : 0
    position += length
    line += length > 0 ? 1 : 0
    return length > 0
  }

  private mutating func field() throws -> String {
    if position < bytes.count, bytes[position] == Self.quote { return try quotedField() }
    let start = position
    while position < bytes.count, bytes[position] != separator, bytes[position] != Self.lineFeed,
      !isCarriageReturnAndLineFeed
    {
      guard bytes[position] != Self.carriageReturn else {
        throw FileError(path, "line \(line) has a carriage return without a line feed")
      }
      position += 1
    }
    return try text(bytes[start..<position])
  }

  private func text(_ bytes: some Collection<UInt8>) throws -> String {
    guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
      throw FileError(path, "line \(line) is no text in UTF-8")
    }
    return text
  }

  /// A field in quotes, in which two quotes stand for one.
  private mutating func quotedField() throws -> String {
    let start = line
    var text: [UInt8] = []
    position += 1
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == Self.quote {
        guard position < bytes.count, bytes[position] == Self.quote else {
          return try self.text(text)
        }
        position += 1
      }
      line += byte == Self.lineFeed ? 1 : 0
      text.append(byte)
    }
    throw FileError(path, "line \(start) has a quote that is not closed")
  }
}
