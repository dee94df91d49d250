/// The sizes in bytes at which the buckets of a ``BucketPlan`` are full.
///
/// As text they are `1MiB`, or `256KiB,4MiB` where the first bucket has another size than the others.
public struct BucketSizes: Equatable, Sendable, LosslessStringConvertible {
  /// The least that a size can be: the widest element.
  public static let least = 8

  /// 1 MiB for all.
  public static let standard = BucketSizes(first: 1 << 20, others: 1 << 20)

  /// The size of the first bucket.
  public let first: Int

  /// The size of all other buckets.
  public let others: Int

  /// Sizes of ``least`` bytes or more; less traps.
  public init(first: Int, others: Int) {
    precondition(first >= Self.least && others >= Self.least, "buckets of \(first) and \(others) bytes")
    self.first = first
    self.others = others
  }

  /// The sizes that a text names, as ``description`` writes it; nil for another text.
  public init?(_ text: String) {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let sizes = parts.compactMap { ByteCount.parse($0) }.filter { $0 >= Self.least }
    guard sizes.count == parts.count, sizes.count <= 2 else { return nil }
    self.init(first: sizes[0], others: sizes[sizes.count - 1])
  }

  /// One size for all buckets, or those of the first and the others.
  public var description: String {
    first == others ? ByteCount.text(first) : "\(ByteCount.text(first)),\(ByteCount.text(others))"
  }
}
