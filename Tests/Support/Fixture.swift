import Foundation

/// Files of reference numbers, in `Tests/Fixtures`.
public enum Fixture {
  /// The folder of all fixtures: where it was when this was compiled or, once packed, beside the program's folder.
  public static let folder: URL = {
    let original = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let packed = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent().appending(path: "../Tests")
    let exists = FileManager.default.fileExists(atPath: original.path)
    return (exists ? original : packed).appending(path: "Fixtures")
  }()

  /// The decoded contents of a JSON file.
  public static func decode<T: Decodable>(_ type: T.Type = T.self, from name: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: folder.appending(path: name)))
  }
}
