import Collective

/// Who chooses the sizes of the buckets in which gradients are all-reduced.
public enum BucketChoice: RawRepresentable, Codable, Equatable, Sendable {
  /// A measurement, where the sizes cannot change the bits of a sum; else the standard.
  case automatic
  /// A measurement. Where the sizes can change the bits of a sum, a run is then not the same bits twice.
  case measured
  /// The user.
  case sizes(BucketSizes)

  /// The texts of all that there are, for a person to choose from.
  public static let choices = "auto, measured, a size such as 1MiB, or the first and the others' such as 256KiB,4MiB"

  /// The choice that a text names, as ``rawValue`` writes it; nil for another text.
  public init?(rawValue text: String) {
    switch text {
    case "auto": self = .automatic
    case "measured": self = .measured
    default:
      guard let sizes = BucketSizes(text) else { return nil }
      self = .sizes(sizes)
    }
  }

  /// `auto`, `measured` or the sizes.
  public var rawValue: String {
    switch self {
    case .automatic: "auto"
    case .measured: "measured"
    case .sizes(let sizes): sizes.description
    }
  }
}

/// The sizes of a replica's buckets, and where they come from.
public struct ChosenBuckets: Equatable, Sendable, CustomStringConvertible {
  /// Where sizes come from.
  public enum Origin: String, Sendable {
    /// From the user.
    case given
    /// From nobody: no others would cut the gradients differently, or there is nobody to communicate with.
    case standard
    /// From nobody: others could change the bits of sums, so that they are not measured unless that is asked for.
    case unmeasured
    /// From nobody so far: they are being measured.
    case measuring
    /// From steps of this replica.
    case measured
    /// From steps of a replica like this one, in an earlier run.
    case cached
  }

  /// The sizes.
  public let sizes: BucketSizes
  /// Where they come from.
  public let origin: Origin

  package init(sizes: BucketSizes, origin: Origin) {
    self.sizes = sizes
    self.origin = origin
  }

  /// The sizes and where they come from, for a person.
  public var description: String {
    let text = sizes.description
    return switch origin {
    case .given: "\(text), as asked for"
    case .standard: text
    case .unmeasured: "\(text), not measured, for here the order of sums depends on it (--buckets measured does)"
    case .measuring: "\(text), to be measured"
    case .measured: "\(text), measured"
    case .cached: "\(text), as measured before"
    }
  }
}
