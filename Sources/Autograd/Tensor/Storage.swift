import Synchronization

/// The memory behind one or more tensors.
///
/// `version` counts changes made in place, so that the backward pass can refuse to use a tensor that was
/// overwritten after the forward pass read it.
final class Storage {
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int
  var version: UInt32 = 0
  /// Keeps borrowed memory alive; `nil` when the memory is this storage's own.
  private let owner: AnyObject?

  /// Takes uninitialized memory, aligned to 64 bytes, from the cache.
  init(byteCount: Int) {
    pointer = MemoryCache.shared.take(byteCount)
    self.byteCount = byteCount
    owner = nil
  }

  /// Uses memory that `owner` keeps alive.
  init(borrowing pointer: UnsafeMutableRawPointer, byteCount: Int, from owner: AnyObject) {
    self.pointer = pointer
    self.byteCount = byteCount
    self.owner = owner
  }

  deinit {
    if owner == nil { MemoryCache.shared.giveBack(pointer, byteCount) }
  }
}

/// The memory that all tensors together have ever needed at once, in bytes; it stops growing when training is under way.
package var tensorMemoryByteCount: Int { MemoryCache.shared.bytesFromSystem.load(ordering: .relaxed) }

/// Freed blocks by size class, so that a training step after the first allocates nothing from the system.
///
/// Classes are spaced at eighths of a power of two: at most 12.5 % of a block is unused.
private final class MemoryCache: Sendable {
  static let shared = MemoryCache()

  /// A free block; its memory belongs to nobody until it is taken again.
  private struct FreeBlock: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }

  private let free = Mutex<[[FreeBlock]]>(Array(repeating: [], count: 8 * 64))
  let bytesFromSystem = Atomic<Int>(0)

  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let (index, capacity) = Self.sizeClass(byteCount)
    if let block = free.withLock({ $0[index].popLast() }) { return block.pointer }
    bytesFromSystem.add(capacity, ordering: .relaxed)
    return .allocate(byteCount: capacity, alignment: 64)
  }

  func giveBack(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let block = FreeBlock(pointer: pointer)
    let index = Self.sizeClass(byteCount).index
    free.withLock { $0[index].append(block) }
  }

  /// The class of blocks that hold `byteCount` bytes, and the bytes that each of them has.
  private static func sizeClass(_ byteCount: Int) -> (index: Int, capacity: Int) {
    let size = max(byteCount, 64) - 1
    let exponent = Int.bitWidth - 1 - size.leadingZeroBitCount
    let step = 1 << (exponent - 3)
    let eighth = (size >> (exponent - 3)) & 7
    return (exponent * 8 + eighth, (1 << exponent) + (eighth + 1) * step)
  }
}
