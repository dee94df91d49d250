import CMPI

/// An MPI call that failed, with MPI's own text.
public struct MPIError: Error, Equatable, CustomStringConvertible {
  /// The MPI function, as `MPI_Allreduce`.
  public let call: String

  /// The code that it returned.
  public let code: Int32

  /// MPI's text for the code.
  public let text: String

  /// The call and MPI's text.
  public var description: String { "\(call) failed: \(text) (code \(code))" }

  /// Throws when `code`, returned by `call`, is not success.
  static func check(_ code: Int32, _ call: StaticString) throws {
    guard code != 0 else { return }
    let text = mpiText { cmpi_error_text(code, $0) }
    throw MPIError(call: "\(call)", code: code, text: text ?? "no text for this code")
  }
}

/// The text that an MPI function writes, on one line; nil when the function fails.
func mpiText(_ write: (UnsafeMutablePointer<CChar>) -> Int32) -> String? {
  var bytes = [CChar](repeating: 0, count: Int(CMPI_TEXT_CAPACITY))
  guard write(&bytes) == 0 else { return nil }
  let text = String(decoding: bytes.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  return text.split(whereSeparator: \.isNewline).joined(separator: " ")
}

/// The MPI library's description of itself; nil when it has none.
public let mpiLibraryVersion: String? = mpiText { cmpi_library_version($0) }
