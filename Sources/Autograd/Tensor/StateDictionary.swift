/// Why a state dictionary does not fit what it is loaded into.
public struct StateDictionaryError: Error, Equatable, CustomStringConvertible {
  /// Names that are needed and were not given, in the order in which they are needed.
  public let missing: [String]
  /// Names that were given and are not known, or were given before, in the order of the dictionary.
  public let unexpected: [String]
  /// Entries of another shape or kind of element: what was found and what was expected.
  public let mismatched: [String]

  init(missing: [String] = [], unexpected: [String] = [], mismatched: [String]) {
    self.missing = missing
    self.unexpected = unexpected
    self.mismatched = mismatched
  }

  /// All of it.
  public var description: String {
    let parts = [("missing", missing), ("unexpected", unexpected), ("not fitting", mismatched)]
    return "the state dictionary does not fit: "
      + parts.filter { !$0.1.isEmpty }.map { "\($0.0): \($0.1.joined(separator: ", "))" }.joined(separator: "; ")
  }
}

/// The names by which a state dictionary and what it is loaded into differ.
public struct UnmatchedNames: Equatable, Sendable {
  /// Names that are needed and were not given, in the order in which they are needed.
  public let missing: [String]
  /// Names that were given and are not known, or were given before, in the order of the dictionary.
  public let unexpected: [String]
}

/// A tensor that a state dictionary must hold.
struct StateEntry {
  let name: String
  let shape: [Int]
  let dtype: DataType
  /// The tensor that is loaded, where it may have several names.
  private let target: ObjectIdentifier?

  init(_ name: String, _ shape: [Int], _ dtype: DataType, of target: Tensor? = nil) {
    self.target = target.map { ObjectIdentifier($0) }
    self.name = name
    self.shape = shape
    self.dtype = dtype
  }

  private func fits(_ tensor: Tensor) -> Bool {
    tensor.shape == shape && tensor.dtype.isFloatingPoint == dtype.isFloatingPoint
  }

  /// The tensors of `dictionary` in the order of `entries`; `nil` for those missing, unless `strict`, and for those that
  /// are there under another name.
  ///
  /// - Throws: ``StateDictionaryError`` listing all that does not fit, and when `strict` all that is too much or too few.
  static func match(
    _ entries: [StateEntry], with dictionary: [(name: String, tensor: Tensor)], strict: Bool
  ) throws -> (found: [Tensor?], unmatched: UnmatchedNames) {
    var given: [String: Tensor] = [:]
    var unexpected: [String] = []
    let known = Set(entries.map(\.name))
    for (name, tensor) in dictionary {
      if !known.contains(name) || given.updateValue(tensor, forKey: name) != nil { unexpected.append(name) }
    }
    let found = entries.map { given[$0.name] }
    let mismatched = zip(entries, found).compactMap { entry, tensor -> String? in
      guard let tensor, !entry.fits(tensor) else { return nil }
      return "\(entry.name) has shape \(tensor.shape), \(tensor.dtype) instead of \(entry.shape), \(entry.dtype)"
    }
    let loaded = Set(zip(entries, found).compactMap { $1 == nil ? nil : $0.target })
    let missing = zip(entries, found).filter { entry, tensor in
      tensor == nil && !(entry.target.map(loaded.contains) ?? false)
    }.map(\.0.name)
    let fits = mismatched.isEmpty && (!strict || (missing.isEmpty && unexpected.isEmpty))
    guard fits else {
      throw StateDictionaryError(
        missing: strict ? missing : [], unexpected: strict ? unexpected : [], mismatched: mismatched)
    }
    return (found, UnmatchedNames(missing: missing, unexpected: unexpected))
  }
}
