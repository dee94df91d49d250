/// What a rank throws when another rank failed. The other rank throws the failure itself, so that it is told once.
public struct PeerFailure: Error, Equatable, CustomStringConvertible {
  /// The rank that failed.
  public let rank: Int

  /// What it was doing, as "reading the data set"; nil when that is not known here.
  public let work: String?

  /// The failure of a rank, in some work.
  public init(rank: Int, work: String? = nil) {
    self.rank = rank
    self.work = work
  }

  /// The rank that failed, and its work.
  public var description: String { "rank \(rank) failed" + (work.map { " while \($0)" } ?? "") }
}
