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
      pointer = ThreadState.withCurrent { $0.memory.take(byteCount) }
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
      ThreadState.withCurrent { $0.memory.giveBack(pointer, byteCount) }
    }
  }
}

/// The memory of the processor that all tensors together have ever needed at once, in bytes; it stops growing when training is under way.
package var tensorMemoryByteCount: Int { MemoryCache.byteCount }
