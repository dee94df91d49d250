import Foundation

/// Values as JSON: the same text for the same value, with numbers that are not finite.
package enum JSONText {
  private static let infinities = ("inf", "-inf", "nan")

  /// The text of a value. Throws what its encoding throws.
  package static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  /// The value of a text. Throws what its decoding throws.
  package static func decoded<Value: Decodable>(_: Value.Type, from text: String) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
    return try decoder.decode(Value.self, from: Data(text.utf8))
  }
}
