import Yams

/// The settings that a YAML file makes; its keys are the names of the flags, such as `global-batch: 128`, but for `config`
/// and `resume`.
///
/// A file need not make all settings. Apply it to the defaults first, and the flags after it: what comes later wins.
///
/// ```swift
/// var configuration = TrainingConfiguration()
/// try ConfigurationFile(path: "run.yaml").apply(to: &configuration)
/// ```
public struct ConfigurationFile: Sendable {
  /// The names of all settings.
  public static var keys: [String] { ConfigurationField.all.map(\.name) }

  /// Gives one value of a configuration what the file says.
  typealias Setting = @Sendable (inout TrainingConfiguration) -> Void

  private var settings: [Setting] = []

  /// Reads a file.
  /// - Throws: ``FileError`` where it cannot be read, is not YAML, has a key twice or one that is not known, or a value
  ///   is not of its setting's type; with the line.
  public init(path: String) throws {
    let bytes = try InputFile(path: path).readAll(limit: 1 << 20)
    guard let text = String(validating: bytes, as: UTF8.self) else { throw FileError(path, "is not UTF-8 text") }
    try self.init(yaml: text, path: path)
  }

  /// Reads the text of a file; `path` names it in messages.
  /// - Throws: ``FileError``, as ``init(path:)`` does.
  public init(yaml: String, path: String) throws {
    let root: Node?
    do {
      root = try compose(yaml: yaml)
    } catch YamlError.duplicatedKeysInMapping(let keys, _) {
      throw FileError(path, "has more than once: \(keys.joined(separator: ", "))")
    } catch {
      throw FileError(path, "is not valid YAML: \(error)")
    }
    guard let root, root.null == nil else { return }
    guard case .mapping(let mapping) = root else {
      throw FileError(path, "holds \(Self.words(for: root)), expected settings such as 'epochs: 3'")
    }
    for (key, value) in mapping {
      settings.append(try Self.setting(key, value, path: path))
    }
  }

  /// Makes the file's settings in `configuration`.
  public func apply(to configuration: inout TrainingConfiguration) {
    for setting in settings { setting(&configuration) }
  }

  private static func setting(_ key: Node, _ value: Node, path: String) throws -> Setting {
    let line = key.mark.map { "line \($0.line): " } ?? ""
    guard case .scalar(let scalar) = key else {
      throw FileError(path, "\(line)\(words(for: key)) cannot be a key, expected one such as 'epochs'")
    }
    let name = scalar.string
    guard let field = ConfigurationField.all.first(where: { $0.name == name }) else {
      let expected = nearest(to: name, in: keys).map { "the nearest known key is '\($0)'" }
      throw FileError(
        path,
        "\(line)unknown key '\(name)'; \(expected ?? "keys are the names of train's flags, but for config and resume")")
    }
    guard let setting = field.setting(value) else {
      throw FileError(path, "\(line)\(name) is \(words(for: value)), expected \(field.expectation)")
    }
    return setting
  }

  private static func words(for node: Node) -> String {
    switch node {
    case .scalar(let scalar): scalar.string.isEmpty ? "empty" : "'\(scalar.string)'"
    case .mapping: "a mapping"
    case .sequence: "a list"
    case .alias: "an alias"
    }
  }
}

extension TrainingConfiguration {
  /// Every setting as YAML; a ``ConfigurationFile`` with this text gives an equal configuration.
  /// - Throws: Yams's error where a text cannot be written as YAML.
  public func yaml() throws -> String {
    try serialize(
      node: Node(ConfigurationField.all.map { (Node($0.name), $0.node(self)) }), width: -1, allowUnicode: true)
  }
}
