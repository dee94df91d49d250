import Foundation

/// A JSON value that keeps the order of an object's members and the exact text of a number.
package enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  /// A number as it is written, so that integers beyond 2⁵³ stay exact.
  case number(String)
  case string(String)
  case array([JSON])
  case object([Member])

  /// A name and its value.
  package struct Member: Equatable, Sendable {
    package let name: String
    package let value: JSON

    package init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  /// A whole number.
  package static func integer(_ value: some BinaryInteger) -> JSON { .number(String(value)) }

  /// A number with the fewest digits that read back equal. JSON has no infinity and no NaN: they become null.
  package static func real(_ value: Double) -> JSON { value.isFinite ? .number("\(value)") : .null }

  /// A number rounded to so many decimals; what is not finite becomes null.
  package static func real(_ value: Double, decimals: Int) -> JSON {
    value.isFinite ? .number(value.text(decimals: decimals)) : .null
  }

  /// A number rounded to so many significant digits; what is not finite becomes null.
  package static func real(_ value: Double, significantDigits: Int) -> JSON {
    value.isFinite ? .number(String(format: "%.\(significantDigits)g", value)) : .null
  }

  /// The member called `name` of an object.
  package subscript(name: String) -> JSON? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.name == name }?.value
  }

  /// The value as a whole number that fits.
  package var integerValue: Int? {
    guard case .number(let text) = self else { return nil }
    return Int(text)
  }

  /// The value as a number; null is NaN, as ``real(_:)`` writes it.
  package var realValue: Double? {
    switch self {
    case .number(let text): Double(text)
    case .null: .nan
    default: nil
    }
  }

  /// The value as text.
  package var stringValue: String? {
    guard case .string(let text) = self else { return nil }
    return text
  }

  /// The value on one line, without spaces.
  package var text: String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .number(let text): text
    case .string(let text): Self.quoted(text)
    case .array(let elements): "[" + elements.map(\.text).joined(separator: ",") + "]"
    case .object(let members):
      "{" + members.map { Self.quoted($0.name) + ":" + $0.value.text }.joined(separator: ",") + "}"
    }
  }

  private static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case "\t": result += "\\t"
      case "\r": result += "\\r"
      case _ where scalar.value < 0x20: result += String(format: "\\u%04x", scalar.value)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}
