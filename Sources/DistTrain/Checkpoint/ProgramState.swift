import Foundation

/// What a program keeps in a checkpoint, as JSON: the same text for the same state.
enum ProgramState {
  private static let infinities = ("inf", "-inf", "nan")

  static func text(_ state: any Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
    return String(decoding: try encoder.encode(state), as: UTF8.self)
  }

  static func decoded<State: Decodable>(_: State.Type, from text: String) throws -> State {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: infinities.0, negativeInfinity: infinities.1, nan: infinities.2)
    return try decoder.decode(State.self, from: Data(text.utf8))
  }
}
