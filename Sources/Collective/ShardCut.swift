/// The cut of a number of elements into one contiguous range a rank, in the order of the ranks.
///
/// The ranges differ in length by one at most; the longer ones come first. 10 elements over 4 ranks: 3, 3, 2, 2.
public struct ShardCut: Equatable, Sendable {
  /// The number of elements.
  public let count: Int

  /// The number of ranks.
  public let size: Int

  /// The cut of `count` elements (0 or more) over `size` ranks (1 or more).
  public init(count: Int, size: Int) {
    precondition(count >= 0 && size > 0, "cannot cut \(count) elements over \(size) ranks")
    self.count = count
    self.size = size
  }

  /// The elements of one rank.
  public func range(of rank: Int) -> Range<Int> {
    precondition(rank >= 0 && rank < size, "rank \(rank) is not one of \(size)")
    let (length, longer) = count.quotientAndRemainder(dividingBy: size)
    let start = rank * length + min(rank, longer)
    return start..<(start + length + (rank < longer ? 1 : 0))
  }
}
