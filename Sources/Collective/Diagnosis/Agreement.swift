extension Communicator {
  /// Does work that may fail on some ranks only, and lets all ranks succeed or fail together. Collective.
  ///
  /// When it failed anywhere, every rank throws: the lowest rank that failed its own error, the others a
  /// ``PeerFailure`` that names that rank. So the error is reported once, by whoever throws something else.
  ///
  /// - Parameters:
  ///   - what: what the work is, for the message, as "reading the data set".
  ///   - work: makes no collective calls, for a rank that fails in between would leave the others waiting.
  public func agree<Value>(on what: String, _ work: () throws -> Value) throws -> Value {
    let outcome = Result(catching: work)
    let ownFailure: (any Error)? = if case .failure(let error) = outcome { error } else { nil }
    let failing = Int(try allReduced(Int64(ownFailure == nil ? size : rank), .minimum))
    guard failing < size else { return try outcome.get() }
    if let ownFailure, failing == rank { throw ownFailure }
    throw PeerFailure(rank: failing, work: what)
  }

  /// Throws on all ranks when a text, as the configuration, is not the same on all of them. Collective.
  ///
  /// - Parameters:
  ///   - text: the text, the lines of which are compared with rank 0's.
  ///   - what: what it is, for the message.
  public func verifySame(_ text: String, what: String) throws {
    let reference = try broadcast(text, from: 0)
    let differing = Int(try allReduced(Int64(text == reference ? size : rank), .minimum))
    guard differing < size else { return }
    // All ranks look at the text of the rank that differs, so that all throw the same.
    let expected = Self.lines(reference)
    let found = Self.lines(try broadcast(text, from: differing))
    let common = zip(expected, found).prefix { $0 == $1 }.count
    throw TextMismatch(
      what: what, rank: differing, line: common + 1, expected: common < expected.count ? expected[common] : "",
      found: common < found.count ? found[common] : "")
  }

  private static func lines(_ text: String) -> [String] {
    text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }
}

/// A text that is not the same on all ranks.
public struct TextMismatch: CommonError, Equatable, CustomStringConvertible {
  /// What the text is.
  public let what: String
  /// The first rank whose text is not rank 0's.
  public let rank: Int
  /// The first line that differs, counted from 1.
  public let line: Int
  /// Rank 0's line; empty when it has none.
  public let expected: String
  /// The differing rank's line; empty when it has none.
  public let found: String

  /// A difference between the texts of `rank` and rank 0.
  public init(what: String, rank: Int, line: Int, expected: String, found: String) {
    self.what = what
    self.rank = rank
    self.line = line
    self.expected = expected
    self.found = found
  }

  /// The rank and what differs: a value, where both lines give one to the same name as in `seed: 1`, else the lines.
  public var description: String {
    let place = "\(what) differs on rank \(rank)"
    if let (name, value) = Self.entry(found), let (expectedName, expectedValue) = Self.entry(expected),
      name == expectedName
    {
      return "\(place): \(name) is \(value), but \(expectedValue) on rank 0"
    }
    func words(_ line: String) -> String { line.isEmpty ? "nothing" : "\"\(line)\"" }
    return "\(place), line \(line): it has \(words(found)) where rank 0 has \(words(expected))"
  }

  private static func entry(_ line: String) -> (name: Substring, value: Substring)? {
    guard let colon = line.firstRange(of: ": ") else { return nil }
    return (line[..<colon.lowerBound], line[colon.upperBound...])
  }
}
