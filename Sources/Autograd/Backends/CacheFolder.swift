import Foundation

/// Where this user's programs keep what they would otherwise have to find out again: `$XDG_CACHE_HOME/disttrain` or
/// `~/.cache/disttrain`.
public struct CacheFolder: Sendable {
  /// The folder, which need not exist.
  public let path: String

  /// The folder that the environment names.
  public init(environment: [String: String] = ProcessInfo.processInfo.environment) {
    let base = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? $0 : nil }
    path = (base ?? "\(environment["HOME"] ?? "/tmp")/.cache") + "/disttrain"
  }

  /// Makes the folder where it is not there yet.
  public func make() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
}
