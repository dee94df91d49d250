import Foundation

/// Something wrong with a file or folder that a person gave: missing, unreadable, corrupt, or not what was expected.
public struct FileError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file or folder, as it was given.
  public let path: String
  /// What was found and what was expected.
  public let reason: String

  /// An error about `path`.
  public init(_ path: String, _ reason: String) {
    self.path = path
    self.reason = reason
  }

  /// The path and the reason; more than one line only where the reason shows a place in a file. Characters of names and texts
  /// in files that would act on a terminal are shown as `\u{1B}`.
  public var description: String {
    let text = "\(path.isEmpty ? "the empty path" : path): \(reason)"
    return text.unicodeScalars.reduce(into: "") { result, scalar in
      let acts = scalar.properties.generalCategory == .control && scalar != "\n"
      result += acts ? scalar.escaped(asASCII: true) : String(scalar)
    }
  }

  /// An error with the system's text for `errno`, such as "cannot open: No such file or directory".
  package static func system(_ path: String, _ action: String, code: Int32 = errno) -> FileError {
    FileError(path, "\(action): \(String(cString: strerror(code)))")
  }
}
