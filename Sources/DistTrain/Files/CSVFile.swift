import Foundation

/// A table of numbers from a text file with separated values (RFC 4180): quoted fields, both kinds of line ends, and
/// empty lines, which are skipped. Columns may hold the names of classes instead, which become their numbers.
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
  /// The names in the first row of the columns that were read, or none where the file has no header.
  public let columnNames: [String]
  /// The number of columns that were read.
  public let columnCount: Int
  /// The numbers, row after row.
  public let values: [Double]
  /// The names of classes in the columns that hold such, in the order of their numbers.
  public let classNames: [String: [String]]
  /// The line of the file in which each row begins, from 1.
  let lines: [Int]

  /// The number of rows, the header not counted.
  public var rowCount: Int { columnCount == 0 ? 0 : values.count / columnCount }

  /// Reads a file, plain or compressed with gzip.
  ///
  ///     let table = try CSVFile(path: "iris.csv", hasHeader: true, classes: ["species": []])
  ///     let data = try table.dataset(classes: "species")  // and table.classNames["species"] tells which they are
  ///
  /// - Parameters:
  ///   - path: The file.
  ///   - hasHeader: Whether the first row holds the names of the columns.
  ///   - columns: The names of those to read, in the order wanted; all where none are given. What others hold is not
  ///     looked at.
  ///   - classes: The columns, of those that are read, that hold names of classes. Each name becomes a number: its place in
  ///     the list that is given for the column, as that of another file, or, where the list is empty, among all names that
  ///     the column holds, sorted.
  ///   - separator: The character between fields.
  ///   - missing: What becomes of missing values.
  ///   - limit: The most bytes of text that are accepted.
  /// - Throws: ``FileError`` with the line where a row has more or fewer fields than the first, a field is not a finite
  ///   decimal number or a class that is listed, a quote is not closed, or a line ends otherwise; also for what is no text
  ///   in UTF-8, and for a column that is not there or there twice.
  public init(
    path: String, hasHeader: Bool, columns: [String]? = nil, classes: [String: [String]] = [:],
    separator: Unicode.Scalar = ",", missing: MissingValues = .error, limit: Int = 1 << 31
  ) throws {
    precondition(separator.isASCII && separator != "\"", "the separator '\(separator)'")
    precondition(
      hasHeader || (columns == nil && classes.isEmpty), "columns of a file without a header, which have no names")
    precondition(
      columns.map { Set($0).count == $0.count } ?? true, "the columns \(columns ?? []), of which some are alike")
    let bytes = try InputFile.openDecompressing(path: path).readAll(limit: limit)
    var scanner = CSVScanner(bytes: bytes, separator: UInt8(ascii: separator), path: path)
    var fieldCount: Int?
    var header: [String] = []
    if hasHeader, try scanner.nextRow() != nil {
      fieldCount = scanner.fieldCount
      header = (0..<scanner.fieldCount).map { scanner.text($0) }
    }
    var selection = try columns.map { try $0.map { try Self.column($0, of: header, path) } } ?? Array(header.indices)
    var kinds = try Self.kinds(of: selection, classes, header, path)
    var (values, lines): ([Double], [Int]) = ([], [])
    while let line = try scanner.nextRow() {
      let expected = fieldCount ?? scanner.fieldCount
      guard scanner.fieldCount == expected else {
        throw FileError(path, "line \(line) has \(scanner.fieldCount) fields, expected \(expected) as in the first row")
      }
      if fieldCount == nil {
        fieldCount = expected
        selection = Array(0..<expected)
        kinds = .init(repeating: nil, count: expected)
      }
      var isMissing = false
      for (place, index) in selection.enumerated() {
        let value = try Self.value(scanner, index, &kinds[place], missing) { FileError(path, "line \(line), \($0)") }
        isMissing = isMissing || value.isNaN
        values.append(value)
      }
      if isMissing, missing == .dropRow {
        values.removeLast(selection.count)
      } else {
        lines.append(line)
      }
    }
    for place in kinds.indices { Self.sort(&kinds[place], in: &values, place, of: selection.count) }
    self.path = path
    columnNames = header.isEmpty ? [] : selection.map { header[$0] }
    columnCount = selection.count
    self.values = values
    self.lines = lines
    classNames = Dictionary(
      uniqueKeysWithValues: zip(columnNames, kinds).compactMap { name, kind in kind.map { (name, $0.names) } })
  }

  /// The place of a column in a header.
  static func column(_ name: String, of columnNames: [String], _ path: String) throws -> Int {
    let found = columnNames.indices.filter { columnNames[$0] == name }
    guard found.count == 1 else {
      let names = columnNames.isEmpty ? "none has a name" : "the columns are \(columnNames.joined(separator: ", "))"
      throw FileError(path, "has \(found.isEmpty ? "no column" : "\(found.count) columns") '\(name)': \(names)")
    }
    return found[0]
  }

  /// For each column that is read its classes, or nil where it holds numbers.
  private static func kinds(
    of selection: [Int], _ classes: [String: [String]], _ header: [String], _ path: String
  ) throws -> [CSVClasses?] {
    var kinds = [CSVClasses?](repeating: nil, count: selection.count)
    for (name, names) in classes.sorted(by: { $0.key < $1.key }) {
      let column = try column(name, of: header, path)
      precondition(selection.contains(column), "classes of the column '\(name)', which is not read")
      precondition(Set(names).count == names.count, "classes of the column '\(name)' with the same name")
      for place in selection.indices where selection[place] == column { kinds[place] = CSVClasses(names) }
    }
    return kinds
  }

  /// The number that a field stands for.
  private static func value(
    _ scanner: CSVScanner, _ index: Int, _ classes: inout CSVClasses?, _ missing: MissingValues,
    error: (String) -> FileError
  ) throws -> Double {
    if classes == nil, let number = scanner.decimalNumber(index) { return number }
    let field = scanner.text(index)
    let text = field.trimmingCharacters(in: .whitespaces)
    if let number = classes?.given(text) { return Double(number) }
    var value: Double?
    if text.isEmpty || text == "NA" || text.lowercased() == "nan" {
      value = .nan
    } else if classes != nil {
      value = classes?.number(text).map(Double.init)
    } else if !text.utf8.contains(where: { $0 | 0x20 == UInt8(ascii: "x") }) {
      // What is hexadecimal, or too large, would be taken without a word.
      value = Double(text).flatMap { $0.isInfinite ? nil : $0 }
    }
    guard let value else {
      let expected = classes.map { "one of the classes \($0.names.joined(separator: ", "))" } ?? "a number"
      throw error("field \(index + 1) is '\(field)', expected \(expected)")
    }
    guard !value.isNaN || missing != .error else { throw error("field \(index + 1) is missing ('\(field)')") }
    return value
  }

  /// Gives the classes of a column their final numbers.
  private static func sort(_ classes: inout CSVClasses?, in values: inout [Double], _ place: Int, of columnCount: Int) {
    guard classes != nil else { return }
    let places = stride(from: place, to: values.count, by: columnCount).filter { !values[$0].isNaN }
    let numbers = classes?.sort(used: Set(places.map { Int(values[$0]) })) ?? [:]
    for place in places { values[place] = Double(numbers[Int(values[place])] ?? 0) }
  }
}
