/// The front of an NPY file: a magic number, a version, and a Python dictionary such as
/// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct NPYHeader {
  /// The type's code, such as `<f4`.
  let type: String
  let isColumnMajor: Bool
  let shape: [Int]

  private static let largestHeader = 65536

  init(reading source: any ByteSource) throws {
    let path = source.path
    let magic = try source.read(upTo: 8)
    guard magic.count == 8, magic.starts(with: [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]) else {
      throw FileError(path, "is not an NPY file: it starts with \(hexadecimal(magic.prefix(6)))")
    }
    guard (1...3).contains(magic[6]) else { throw FileError(path, "is NPY version \(magic[6]), expected 1 to 3") }
    let lengthSize = magic[6] == 1 ? 2 : 4
    let length = try source.read(upTo: lengthSize).reversed().bigEndianValue
    guard length <= Self.largestHeader else {
      throw FileError(path, "has a header of \(length) bytes, expected at most \(Self.largestHeader)")
    }
    let text = try source.read(upTo: length)
    guard text.count == length else {
      throw FileError(path, "is truncated: a header of \(length) bytes expected, \(text.count) found")
    }
    var parser = PythonDictionary(text: Array(String(decoding: text, as: UTF8.self)))
    guard let entries = parser.entries(), entries.count == 3,
      case .text(let type) = entries["descr"], case .truth(let isColumnMajor) = entries["fortran_order"],
      case .tuple(let shape) = entries["shape"]
    else {
      throw FileError(path, "has a header without descr, fortran_order and shape: \(parser.excerpt)")
    }
    self.type = type
    self.isColumnMajor = isColumnMajor
    self.shape = shape
  }
}

/// Parses the part of Python's literals that NPY headers use.
private struct PythonDictionary {
  enum Value {
    case text(String)
    case truth(Bool)
    case tuple([Int])
  }

  let text: [Character]
  var position = 0

  /// The beginning of the text, for messages.
  var excerpt: String { String(text.prefix(100)).trimmingSpaces }

  /// The dictionary, or nil where the text is not one.
  mutating func entries() -> [String: Value]? {
    var entries: [String: Value] = [:]
    guard take("{") else { return nil }
    while !take("}") {
      guard let key = string(), take(":"), let value = value(), entries.updateValue(value, forKey: key) == nil else {
        return nil
      }
      if !take(",") {
        guard take("}") else { return nil }
        break
      }
    }
    skipSpace()
    return position == text.count ? entries : nil
  }

  private mutating func value() -> Value? {
    if takeWord("True") { return .truth(true) }
    if takeWord("False") { return .truth(false) }
    if take("(") { return tuple().map { .tuple($0) } }
    return string().map { .text($0) }
  }

  private mutating func tuple() -> [Int]? {
    var numbers: [Int] = []
    while !take(")") {
      skipSpace()
      let digits = text[position...].prefix { $0.isASCII && $0.isNumber }
      position += digits.count
      guard let number = Int(String(digits)) else { return nil }
      numbers.append(number)
      if !take(",") { return take(")") ? numbers : nil }
    }
    return numbers
  }

  private mutating func string() -> String? {
    skipSpace()
    guard position < text.count, "'\"".contains(text[position]),
      let end = text[(position + 1)...].firstIndex(of: text[position])
    else { return nil }
    defer { position = end + 1 }
    return String(text[(position + 1)..<end])
  }

  private mutating func skipSpace() {
    while position < text.count, text[position].isWhitespace { position += 1 }
  }

  private mutating func take(_ character: Character) -> Bool {
    skipSpace()
    guard position < text.count, text[position] == character else { return false }
    position += 1
    return true
  }

  private mutating func takeWord(_ word: String) -> Bool {
    skipSpace()
    guard text[position...].starts(with: word) else { return false }
    position += word.count
    return true
  }
}

extension String {
  fileprivate var trimmingSpaces: String {
    String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
