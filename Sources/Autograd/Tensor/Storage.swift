import Synchronization

/// The memory behind one or more tensors.
///
/// `version` counts changes made in place, so that the backward pass can refuse to use a tensor that was
/// overwritten after the forward pass read it.
final class Storage {
  /// The first byte, in the memory of ``device``: only the processor's own can be read through it.
  let pointer: UnsafeMutableRawPointer
  let byteCount: Int
  let device: Device
  /// The GPU that the memory is on; `nil` for the processor's.
  let gpu: CUDADevice?
  var version: UInt32 = 0
  /// Keeps borrowed memory alive; `nil` when the memory is this storage's own.
  private let owner: AnyObject?

  /// Takes uninitialized memory, aligned to 64 bytes, from the cache of the device.
  init(byteCount: Int, device: Device) {
    switch device {
    case .cpu:
      gpu = nil
      pointer = MemoryCache.shared.take(byteCount)
    case .cuda(let index):
      let gpu = CUDADevice.required(index)
      self.gpu = gpu
      pointer = gpu.memory.take(byteCount)
    }
    self.device = device
    self.byteCount = byteCount
    owner = nil
  }

  /// Uses memory of the processor that `owner` keeps alive.
  init(borrowing pointer: UnsafeMutableRawPointer, byteCount: Int, from owner: AnyObject) {
    self.pointer = pointer
    self.byteCount = byteCount
    device = .cpu
    gpu = nil
    self.owner = owner
  }

  deinit {
    if let gpu {
      gpu.memory.giveBack(pointer, byteCount)
    } else if owner == nil {
      MemoryCache.shared.giveBack(pointer, byteCount)
    }
  }
}

/// The memory of the processor that all tensors together have ever needed at once, in bytes; it stops growing when training is under way.
package var tensorMemoryByteCount: Int { MemoryCache.shared.bytesFromSystem.load(ordering: .relaxed) }

/// Freed blocks by size class, so that a training step after the first allocates nothing from the system.
private final class MemoryCache: Sendable {
  static let shared = MemoryCache()

  /// A free block; its memory belongs to nobody until it is taken again.
  private struct FreeBlock: @unchecked Sendable {
    let pointer: UnsafeMutableRawPointer
  }

  private let free = Mutex<[[FreeBlock]]>(Array(repeating: [], count: SizeClass.count))
  let bytesFromSystem = Atomic<Int>(0)

  func take(_ byteCount: Int) -> UnsafeMutableRawPointer {
    let size = SizeClass(byteCount: byteCount)
    if let block = free.withLock({ $0[size.index].popLast() }) { return block.pointer }
    bytesFromSystem.add(size.capacity, ordering: .relaxed)
    return .allocate(byteCount: size.capacity, alignment: 64)
  }

  func giveBack(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {
    let block = FreeBlock(pointer: pointer)
    let index = SizeClass(byteCount: byteCount).index
    free.withLock { $0[index].append(block) }
  }
}
