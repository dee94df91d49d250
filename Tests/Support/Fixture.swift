import Foundation

/// Files of reference numbers, in `Tests/Fixtures`.
public enum Fixture {
  /// The folder of all fixtures.
  public static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Fixtures")

  /// The decoded contents of a JSON file.
  public static func decode<T: Decodable>(_ type: T.Type = T.self, from name: String) throws -> T {
    try JSONDecoder().decode(type, from: Data(contentsOf: folder.appending(path: name)))
  }
}
