/// The memory behind one or more tensors.
///
/// `version` counts changes made in place, so that the backward pass can refuse to use a tensor that was
/// overwritten after the forward pass read it.
final class Storage {
  /// Nil while the elements are in `standIn`.
  private var memory: UnsafeMutableRawPointer?
  let byteCount: Int
  let device: Device
  /// The GPU that the memory is on; `nil` for the processor's.
  let gpu: CUDADevice?
  /// Whether this is memory of a GPU where elements of type float32 are kept as bfloat16, of two bytes each.
  let isBFloat16: Bool
  var version: UInt32 = 0
  /// Whether the elements are a copy of a part of another tensor, or of all in another order: in PyTorch a view.
  var isCopyOfPart = false
  /// How many assignments to parts of the memory have been recorded for gradients.
  var assignmentCount: UInt32 = 0
  /// How a GPU may keep the elements.
  var layoutFreedom = LayoutFreedom.any
  /// Keeps borrowed memory alive, or is `standIn`; `nil` when the memory is this storage's own.
  private var owner: AnyObject?

  /// Takes uninitialized memory, aligned to 64 bytes, from the cache of the device.
  init(byteCount: Int, device: Device, isBFloat16: Bool = false) {
    switch device {
    case .cpu:
      gpu = nil
      memory = ThreadState.withCurrent { $0.memory.take(byteCount) }
    case .cuda(let index):
      let gpu = CUDADevice.required(index)
      self.gpu = gpu
      memory = gpu.memory.take(byteCount)
    }
    self.device = device
    self.byteCount = byteCount
    self.isBFloat16 = isBFloat16
  }

  /// Uses memory of the processor that `owner` keeps alive.
  init(borrowing pointer: UnsafeMutableRawPointer, byteCount: Int, from owner: AnyObject) {
    memory = pointer
    self.byteCount = byteCount
    device = .cpu
    gpu = nil
    isBFloat16 = false
    self.owner = owner
  }

  deinit { giveBackMemory() }

  private func giveBackMemory() {
    guard let memory else { return }
    if let gpu {
      gpu.memory.giveBack(memory, byteCount)
    } else if owner == nil {
      ThreadState.withCurrent { $0.memory.giveBack(memory, byteCount) }
    }
  }

  /// On a GPU, what has the elements in a ``Layout`` that is not plain, until ``pointer`` is asked for: [N, H, W, C], or
  /// [count].
  var standIn: Tensor? { memory == nil ? owner.map { unsafeDowncast($0, to: Tensor.self) } : nil }

  /// The first byte, in the memory of ``device``: only the processor's own can be read through it. Where the elements are
  /// in `standIn`, memory is taken for them first, and the GPU is asked to bring them there.
  var pointer: UnsafeMutableRawPointer { memory ?? plainMemory() }

  /// Takes away freedom, if there is more.
  func limitLayouts(to freedom: LayoutFreedom) {
    if layoutFreedom.rawValue < freedom.rawValue { layoutFreedom = freedom }
  }

  /// Brings the elements into the plain layout.
  func makePlain() {
    if memory == nil { _ = plainMemory() }
  }

  /// A tensor of the given shape, in memory of its own, which has this storage's elements from now on.
  func makeStandIn(_ shape: [Int], isBFloat16: Bool) -> Tensor {
    let standIn = Tensor(uninitializedStandIn: shape, isBFloat16: isBFloat16, device: device)
    keepElements(in: standIn)
    return standIn
  }

  /// Makes a tensor, [N, H, W, C] or [count], the one that has this storage's elements from now on.
  func keepElements(in standIn: Tensor) {
    precondition(gpu != nil && !isBFloat16, "a stand-in for the memory of \(device)")
    giveBackMemory()
    memory = nil
    owner = standIn
    ThreadState.current.standIns.append(self)
  }

  private func plainMemory() -> UnsafeMutableRawPointer {
    guard let gpu, let standIn else { preconditionFailure("a storage without memory") }
    let memory = gpu.memory.take(byteCount)
    self.memory = memory
    owner = nil
    gpu.backend.writePlain(standIn, to: memory)
    return memory
  }
}

/// In which a ``Layout`` a GPU may keep what is written to a storage.
enum LayoutFreedom: UInt8 {
  /// In any.
  case any
  /// In any order, but as float32.
  case order
  /// In the plain one, for others look at the memory and add to it.
  case none
}

/// The memory of the processor that all tensors together have ever needed at once, in bytes; it stops growing when training is under way.
package var tensorMemoryByteCount: Int { MemoryCache.byteCount }
