import Synchronization

/// Freed blocks by size class, so that a training step after the first allocates nothing from the system.
///
/// Every thread has a cache, which it uses without a lock. What it has too much of goes to a pool that all threads share:
/// a batch is made by one thread and freed by another.
struct MemoryCache: ~Copyable {
  /// What a free block begins with.
  private struct FreeBlock {
    /// The block behind it in its list.
    let next: List?
    /// The blocks of the list that begins here.
    let count: Int
  }

  /// A list of free blocks of one class, by its first; the memory belongs to nobody until it is taken again.
  private struct List: @unchecked Sendable {
    let start: UnsafeMutableRawPointer

    /// The list of `start` and all blocks of `next`.
    init(_ start: UnsafeMutableRawPointer, next: List?) {
      self.start = start
      start.initializeMemory(as: FreeBlock.self, to: FreeBlock(next: next, count: (next?.head.count ?? 0) + 1))
    }

    var head: FreeBlock { start.assumingMemoryBound(to: FreeBlock.self).pointee }
  }

  private static let pool = Mutex<[[List]]>(Array(repeating: [], count: SizeClass.count))
  private static let bytesFromSystem = Atomic<Int>(0)

  /// The bytes of each class that a thread keeps.
  private static let limit = 1 << 16

  private let lists: UnsafeMutablePointer<List?>

  init() {
    lists = .allocate(capacity: SizeClass.count)
    lists.initialize(repeating: nil, count: SizeClass.count)
  }

  deinit {
    for index in 0..<SizeClass.count {
      if let list = lists[index] { Self.share(list, index) }
    }
    lists.deallocate()
  }

  /// The bytes that were ever taken from the system.
  static var byteCount: Int { bytesFromSystem.load(ordering: .relaxed) }

  /// A block of at least `byteCount` bytes, aligned to 64.
  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let size = SizeClass(byteCount: byteCount)
    guard let list = lists[size.index] ?? Self.pool.withLock({ $0[size.index].popLast() }) else {
      Self.bytesFromSystem.add(size.capacity, ordering: .relaxed)
      return .allocateForElements(byteCount: size.capacity)
    }
    lists[size.index] = list.head.next
    return list.start
  }

  /// Keeps a block for later; `byteCount` is what was asked for when it was taken.
  func giveBack(_ block: UnsafeMutableRawPointer, _ byteCount: Int) {
    let size = SizeClass(byteCount: byteCount)
    if let list = lists[size.index], (list.head.count + 1) * size.capacity > Self.limit {
      lists[size.index] = nil
      Self.share(list, size.index)
    }
    let list = List(block, next: lists[size.index])
    if size.capacity > Self.limit { Self.share(list, size.index) } else { lists[size.index] = list }
  }

  private static func share(_ list: List, _ index: Int) { pool.withLock { $0[index].append(list) } }
}
