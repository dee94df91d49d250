/// How gradients are made smaller on their way between nodes.
public enum GradientCompression: RawRepresentable, Codable, Equatable, Sendable {
  /// As 16-bit numbers.
  case half(HalfPrecision)
  /// As matrices of a rank, by PowerSGD.
  case powerSGD(rank: Int)

  /// The texts of all that there are, for a person to choose from.
  public static let choices =
    "bfloat16, float16, powersgd or \(powerSGDName)-\(ranks.lowerBound) to \(powerSGDName)-\(ranks.upperBound)"

  private static let powerSGDName = "powersgd"

  private static let ranks = 1...256

  /// The rank of `powersgd` without one.
  private static let defaultRank = 2

  /// The compression that a text names, as ``rawValue`` writes it; nil for another text.
  public init?(rawValue text: String) {
    if let format = HalfPrecision(rawValue: text) {
      self = .half(format)
    } else if text == Self.powerSGDName {
      self = .powerSGD(rank: Self.defaultRank)
    } else if text.hasPrefix("\(Self.powerSGDName)-"), let rank = Int(text.dropFirst(Self.powerSGDName.count + 1)),
      Self.ranks.contains(rank)
    {
      self = .powerSGD(rank: rank)
    } else {
      return nil
    }
  }

  /// `bfloat16`, `float16` or `powersgd-` with the rank.
  public var rawValue: String {
    switch self {
    case .half(let format): format.rawValue
    case .powerSGD(let rank): "\(Self.powerSGDName)-\(rank)"
    }
  }
}
