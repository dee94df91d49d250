import Collective
import Yams

/// A type of value that a configuration file can hold.
protocol ConfigurationValue: Sendable {
  /// What a person should have written.
  static var expectation: String { get }
  /// The value that `node` holds, or nil where it is not of this type.
  init?(_ node: Node)
  /// The value as it is written; reading it gives the same value.
  var node: Node { get }
}

extension Node {
  /// The text of a scalar that is not in quotes, so that `"3"` is a text and 3 a number.
  fileprivate var plainText: String? {
    guard case .scalar(let scalar) = self, scalar.style == .plain else { return nil }
    return scalar.string
  }

  fileprivate static func plain(_ text: String) -> Node { .scalar(.init(text, .implicit, .plain)) }
}

extension ConfigurationValue where Self: LosslessStringConvertible {
  init?(_ node: Node) {
    guard let value = node.plainText.flatMap({ Self($0) }) else { return nil }
    self = value
  }
  var node: Node { .plain("\(self)") }
}

extension Int: ConfigurationValue {
  static let expectation = "a whole number"
}

extension UInt64: ConfigurationValue {
  static let expectation = "a whole number from 0 to \(UInt64.max)"
}

extension Bool: ConfigurationValue {
  static let expectation = "true or false"
}

extension Double: ConfigurationValue {
  static let expectation = "a number"
  /// YAML 1.1 takes `1e-05` for a text and `1.0e-05` for a number.
  var node: Node {
    let text = "\(self)"
    guard !text.contains("."), let exponent = text.firstIndex(of: "e") else { return .plain(text) }
    return .plain(text[..<exponent] + ".0" + text[exponent...])
  }
}

extension String: ConfigurationValue {
  static let expectation = "a text"
  init?(_ node: Node) {
    guard case .scalar(let scalar) = node, !node.isNull else { return nil }
    self = scalar.string
  }
  var node: Node { .scalar(.init(self, .implicit, .doubleQuoted)) }
}

extension Node {
  /// Whether the value is left empty or written as null.
  fileprivate var isNull: Bool { plainText.map { ["", "~", "null"].contains($0) } ?? false }
}

extension ConfigurationValue where Self: RawRepresentable, RawValue == String {
  init?(_ node: Node) {
    guard let text = String(node) else { return nil }
    self.init(rawValue: text)
  }
  var node: Node { .plain(rawValue) }
}

extension ConfigurationValue where Self: RawRepresentable & CaseIterable, RawValue == String {
  static var expectation: String { allCases.map(\.rawValue).joined(separator: " or ") }
}

extension TrainingConfiguration.Model: ConfigurationValue {}
extension TrainingConfiguration.Precision: ConfigurationValue {}
extension TrainingConfiguration.DeviceKind: ConfigurationValue {}
extension CollectiveChoice: ConfigurationValue {}
extension AugmentationChoice: ConfigurationValue {}
extension OptimizerChoice: ConfigurationValue {}
extension ScheduleChoice: ConfigurationValue {}

extension GradientCompression: ConfigurationValue {
  static var expectation: String { choices }
}

extension BucketChoice: ConfigurationValue {
  static var expectation: String { choices }
}

extension Optional: ConfigurationValue where Wrapped: ConfigurationValue {
  static var expectation: String { "\(Wrapped.expectation) or null" }
  init?(_ node: Node) {
    if node.isNull {
      self = .none
    } else if let value = Wrapped(node) {
      self = .some(value)
    } else {
      return nil
    }
  }
  var node: Node { map(\.node) ?? .plain("null") }
}
