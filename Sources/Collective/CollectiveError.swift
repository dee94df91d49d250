/// A collective call that cannot be carried out.
public enum CollectiveError: Error, Equatable, CustomStringConvertible {
  /// The root of a broadcast, scatter or gather is not a rank of the group.
  case rootOutOfRange(root: Int, size: Int)

  /// A part has another length than the cut of the whole over the ranks gives this rank.
  case wrongPartCount(found: Int, expected: Int, total: Int, rank: Int, size: Int)

  /// The other rank of a message is not a rank of the group.
  case peerOutOfRange(rank: Int, size: Int)

  /// A message from a rank to itself.
  case messageToSelf(rank: Int)

  /// A message's tag is not one that MPI guarantees.
  case tagOutOfRange(tag: Int)

  /// A message has another count than the buffer for it.
  case wrongMessageCount(found: Int, expected: Int, source: Int, tag: Int)

  /// The counts of an all-to-all are not one of each rank that add up to all elements.
  case wrongCounts([Int], total: Int, size: Int)

  /// The color of a split is not within 0 to 2³¹ − 1, or its key does not fit in 32 bits.
  case splitOutOfRange(color: Int, key: Int)

  /// Two ranks met in different calls, so that they no longer agree on what comes next.
  case mismatchedCalls(rank: Int, call: String, otherRank: Int, otherCall: String)

  /// A rank of another node combines another number of bytes in a call.
  case differentLengths(rank: Int, found: Int, expected: Int, call: String)

  /// A rank ended its work while another waited for it.
  case rankLeft(rank: Int, call: String)

  /// What happened, with the numbers found and expected.
  public var description: String {
    switch self {
    case .rootOutOfRange(let root, let size):
      "rank \(root) is the root, but the ranks are 0 to \(size - 1)"
    case .wrongPartCount(let found, let expected, let total, let rank, let size):
      "a part of \(found) elements, but rank \(rank) of \(size) has \(expected) of \(total)"
    case .peerOutOfRange(let rank, let size):
      "a message to or from rank \(rank), but the ranks are 0 to \(size - 1)"
    case .messageToSelf(let rank):
      "a message from rank \(rank) to itself"
    case .tagOutOfRange(let tag):
      "a message with tag \(tag), expected 0 to \(MessageTag.parts - 1)"
    case .wrongMessageCount(let found, let expected, let source, let tag):
      "rank \(source) sent \(found) elements with tag \(tag), expected \(expected)"
    case .wrongCounts(let counts, let total, let size):
      "counts \(counts) in an all-to-all of \(total) elements, expected one for each of \(size) rank(s) that add up to them"
    case .splitOutOfRange(let color, let key):
      "a split with color \(color) and key \(key), expected 0 to \(Int32.max) and \(Int32.min) to \(Int32.max)"
    case .mismatchedCalls(let rank, let call, let otherRank, let otherCall):
      "rank \(rank) called \(call) while rank \(otherRank) called \(otherCall)"
    case .differentLengths(let rank, let found, let expected, let call):
      "rank \(rank) sent \(found) bytes, expected \(expected), in \(call)"
    case .rankLeft(let rank, let call):
      "rank \(rank) ended without taking part in \(call)"
    }
  }
}
