import CKernels
import Foundation

/// Which kernels compute on the processor: this package's fast ones, each where it was measured to be faster, or only
/// plain loops and OpenBLAS; on a GPU, cuDNN and cuBLASLt where they are present, or only the package's own kernels and
/// cuBLAS. The environment variable `DISTTRAIN_KERNELS` chooses: `fast`, as when it is not set, or `generic`.
public enum Kernels {
  /// The name of the environment variable.
  package static let variable = "DISTTRAIN_KERNELS"

  /// Whether the environment asks for the generic ones.
  private static let environmentChoice = Result {
    try parse(getenv(variable).map { String(cString: $0) })
  }

  /// Checks the environment variable, so that a mistake in it is reported rather than met by the first operation.
  ///
  /// - Throws: ``KernelsError`` for an unknown value.
  public static func checkEnvironment() throws { _ = try environmentChoice.get() }

  /// Whether a value of the environment variable asks for the generic kernels.
  ///
  /// - Throws: ``KernelsError`` for an unknown value.
  package static func parse(_ value: String?) throws -> Bool {
    switch value {
    case nil, "", "fast": false
    case "generic": true
    case let value?: throw KernelsError(value: value)
    }
  }

  /// What a thread starts with.
  static var areGenericAtStart: Bool {
    do { return try environmentChoice.get() } catch { preconditionFailure("\(error)") }
  }

  /// Whether this thread computes without the fast kernels.
  static var areGeneric: Bool { ThreadState.current.usesGenericKernels }

  /// Runs `body` with or without the fast kernels on this thread, whatever the environment says.
  package static func choosing<R>(generic: Bool, _ body: () throws -> R) rethrows -> R {
    try ThreadState.with(\.usesGenericKernels, generic, body)
  }

  /// Runs `body` on this thread as on a processor whose vectors have at most `byteCount` bytes, as far as kernels are
  /// concerned that exist for vectors of several lengths.
  package static func limitingVectors<R>(to byteCount: Int, _ body: () throws -> R) rethrows -> R {
    try ThreadState.with(\.longestVector, byteCount, body)
  }

  /// What is used, in a few words: the choice, and the instructions for which the loops in C were compiled.
  public static var summary: String {
    areGeneric ? "generic (\(variable)), loops for \(instructions)" : "fast, for \(instructions)"
  }

  /// The best instructions for which there are loops and that are known to be here.
  package static var instructions: String { String(cString: dt_instructions()) }

  /// What makes the loops slower than they need be, if anything does.
  ///
  /// - Parameters:
  ///   - instructions: Those that the loops use.
  ///   - flags: What the processor has, by Linux's names.
  package static func warning(instructions: String, flags: Set<String>) -> String? {
    let later: Set = ["avx2", "bmi2", "f16c", "fma", "movbe"]
    guard instructions.hasPrefix("SSE2"), flags.isSuperset(of: later) else { return nil }
    return
      "the loops are those for SSE2, though this processor has AVX2: the program was linked with GCC's library of a version "
      + "before 12, which does not tell; launch/train and launch/test link with clang's then"
  }
}

/// An unknown value of the environment variable that chooses the kernels.
public struct KernelsError: Error, Equatable, CustomStringConvertible {
  /// The value.
  public let value: String

  package init(value: String) { self.value = value }

  /// What was found and what was expected.
  public var description: String { "\(Kernels.variable) is \"\(value)\", expected fast or generic" }
}
