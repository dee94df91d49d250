import Collective

/// What every communicator must do, whatever carries its messages.
///
/// Each rank of a group runs the same checks in the same order. A check throws a ``ConformanceFailure`` on a rank whose
/// result is wrong.
public enum CollectiveConformance {
  /// One named check.
  public struct Check: Sendable, CustomStringConvertible {
    /// What is checked.
    public let name: String
    /// Runs the check as one rank of a group.
    public let run: @Sendable (any Communicator) throws -> Void

    /// What is checked.
    public var description: String { name }
  }

  /// All checks.
  public static let checks: [Check] =
    operationChecks + messageChecks + splitChecks + madeBufferChecks + pendingChecks + waitOrderChecks + reducerChecks
    + compressionChecks + diagnosisChecks

  /// The counts at which operations are checked.
  static let counts = [0, 1, 7, 1000, 100_003]

  /// A value that every element type holds exactly, as do sums of it over 5 ranks; its period is 50.
  static func value(_ rank: Int, _ index: Int) -> Int { (rank * 7 + index * 13) % 50 }

  /// The numbers of a function with the period of ``value(_:_:)``.
  static func periodic<Element: ReducibleElement>(_ range: Range<Int>, _ number: (Int) -> Int) -> [Element] {
    let period = (range.lowerBound..<range.lowerBound + 50).map { index in
      guard let element = Element(exactly: number(index)) else {
        preconditionFailure("\(Element.self) has no \(number(index))")
      }
      return element
    }
    return Array(unsafeUninitializedCapacity: range.count) { buffer, count in
      for start in stride(from: 0, to: range.count, by: period.count) {
        let part = UnsafeMutableBufferPointer(rebasing: buffer[start..<min(start + period.count, range.count)])
        _ = part.initialize(fromContentsOf: period[..<part.count])
      }
      count = range.count
    }
  }
}

/// A result that is not what it must be.
public struct ConformanceFailure: Error, Equatable, CustomStringConvertible {
  /// What was found and what was expected.
  public let description: String

  /// A failure with a text.
  public init(description: String) {
    self.description = description
  }
}

/// Throws a ``ConformanceFailure`` with a text when a condition does not hold.
func require(_ condition: Bool, _ text: @autoclosure () -> String) throws {
  guard condition else { throw ConformanceFailure(description: text()) }
}

/// Throws a ``ConformanceFailure`` that names the first element that differs.
func requireEqual<Element: Equatable>(_ found: [Element], _ expected: [Element], _ text: String) throws {
  try require(found.count == expected.count, "\(text): \(found.count) elements, expected \(expected.count)")
  guard found != expected, let index = found.indices.first(where: { found[$0] != expected[$0] }) else { return }
  throw ConformanceFailure(
    description: "\(text): element \(index) is \(found[index]), expected \(expected[index])")
}

/// Throws a ``ConformanceFailure`` unless `work` throws this very error.
func requireThrows<Failure: Error & Equatable>(_ expected: Failure, _ work: () throws -> Void) throws {
  do {
    try work()
  } catch let error as Failure where error == expected {
    return
  }
  throw ConformanceFailure(description: "nothing was thrown, expected: \(expected)")
}
