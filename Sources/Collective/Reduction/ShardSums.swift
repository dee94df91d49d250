/// The sums of the gradients of the logical shards that one rank computes one after the other, along a ``BinaryTree``.
///
/// The tree is walked as a binary counter counts: level l holds the sum of 2ˡ shards when bit l of the number of
/// shards so far is 1. So 2ᵏ shards need the memory of k arenas.
final class ShardSums<Element: ReducibleElement> {
  /// The shards of this rank in a step, a power of two.
  let shardCount: Int
  private let arena: UnsafeMutableBufferPointer<Element>
  private let levels: [UnsafeMutableBufferPointer<Element>]
  /// The shards so far.
  private var count = 0

  /// The sums of shards whose gradients are each in `arena` when they are complete.
  init(shardCount: Int, arena: UnsafeMutableBufferPointer<Element>) {
    precondition(shardCount > 0 && shardCount.nonzeroBitCount == 1, "\(shardCount) shards are not a power of two")
    self.shardCount = shardCount
    self.arena = arena
    levels = (0..<shardCount.trailingZeroBitCount).map { _ in .allocate(capacity: arena.count) }
  }

  deinit { for level in levels { level.deallocate() } }

  /// Begins a step.
  func begin() { count = 0 }

  /// Takes the arena's gradients as those of the next shard, which is not the last.
  func keep() {
    precondition(count + 1 < shardCount, "shard \(count + 1) of \(shardCount) is the last")
    let level = (~count).trailingZeroBitCount
    for lower in levels[..<level] { add(lower, in: arena.indices) }
    _ = levels[level].initialize(fromContentsOf: arena)
    count += 1
  }

  /// Adds the sums of all shards before it to a part of the arena, which holds the last shard's gradients.
  func complete(_ part: Range<Int>) {
    precondition(count + 1 == shardCount, "shard \(count + 1) is the last, expected \(shardCount)")
    for level in levels { add(level, in: part) }
  }

  private func add(_ level: UnsafeMutableBufferPointer<Element>, in part: Range<Int>) {
    guard let source = level.baseAddress, let target = arena.baseAddress else { return }
    BinaryTree.add(source + part.lowerBound, to: target + part.lowerBound, count: part.count)
  }
}
