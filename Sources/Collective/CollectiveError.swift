/// A collective call that cannot be carried out.
public enum CollectiveError: Error, Equatable, CustomStringConvertible {
  /// The root of a broadcast is not a rank of the group.
  case rootOutOfRange(root: Int, size: Int)

  /// A part has another length than the cut of the whole over the ranks gives this rank.
  case wrongPartCount(found: Int, expected: Int, total: Int, rank: Int, size: Int)

  /// Two ranks met in different calls, so that they no longer agree on what comes next.
  case mismatchedCalls(rank: Int, call: String, otherRank: Int, otherCall: String)

  /// A rank ended its work while another waited for it.
  case rankLeft(rank: Int, call: String)

  /// What happened, with the numbers found and expected.
  public var description: String {
    switch self {
    case .rootOutOfRange(let root, let size):
      "broadcast from rank \(root), but the ranks are 0 to \(size - 1)"
    case .wrongPartCount(let found, let expected, let total, let rank, let size):
      "a part of \(found) elements, but rank \(rank) of \(size) has \(expected) of \(total)"
    case .mismatchedCalls(let rank, let call, let otherRank, let otherCall):
      "rank \(rank) called \(call) while rank \(otherRank) called \(otherCall)"
    case .rankLeft(let rank, let call):
      "rank \(rank) ended without taking part in \(call)"
    }
  }
}

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

extension Communicator {
  func checkRoot(_ root: Int) throws {
    guard root >= 0 && root < size else { throw CollectiveError.rootOutOfRange(root: root, size: size) }
  }

  func checkPart(_ found: Int, of total: Int) throws {
    let expected = ShardCut(count: total, size: size).range(of: rank).count
    guard found == expected else {
      throw CollectiveError.wrongPartCount(found: found, expected: expected, total: total, rank: rank, size: size)
    }
  }
}
