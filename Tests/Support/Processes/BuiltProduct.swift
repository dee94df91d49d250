import Foundation

/// Executables that tests run.
public enum BuiltProduct {
  /// An executable of this package, which lies beside the test bundle in a debug build as in a release build.
  public static func url(_ name: String) throws -> URL {
    let start = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
    let bundles = Bundle.allBundles.map { $0.bundleURL.deletingLastPathComponent() }
    let candidates = ([start] + bundles).map { $0.appending(path: name) }
    return try firstExecutable(candidates, name: name)
  }

  /// An executable that the environment's `PATH` finds.
  public static func onPath(_ name: String) throws -> URL {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return try firstExecutable(folders.map { URL(filePath: String($0)).appending(path: name) }, name: name)
  }

  private static func firstExecutable(_ candidates: [URL], name: String) throws -> URL {
    guard let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0.path) }) else {
      throw MissingExecutable(name: name, searched: candidates.map(\.path))
    }
    return found
  }
}

/// An executable that a test needs is not there.
public struct MissingExecutable: Error, CustomStringConvertible {
  let name: String
  let searched: [String]

  /// The executable and where it was looked for.
  public var description: String { "no executable \(name) at \(searched.joined(separator: ", "))" }
}
