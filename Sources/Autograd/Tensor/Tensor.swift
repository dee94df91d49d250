/// A multi-dimensional array whose operations can be recorded for differentiation.
///
/// A tensor has PyTorch's semantics: it is an object with an identity, it can be a leaf of the recorded graph
/// (`requiresGrad` set by the user, `grad` filled by `backward()`) or the result of an operation, which knows
/// its `gradientFunction`. Elements are contiguous, row-major and aligned to 64 bytes. A tensor and the graph
/// it belongs to are used by one thread at a time.
public class Tensor {
  /// The size of each dimension, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The type of the elements.
  public var dtype: DataType { elementType }
  /// The number of elements.
  public let count: Int

  // Not public itself: reading a public variable takes a check of exclusive access, in a call.
  private var elementType: DataType
  private(set) var storage: Storage
  /// Elements between the start of the storage and the first element of this tensor.
  private(set) var offset: Int
  /// The operation that computed this tensor; `nil` for a leaf.
  var node: Node?
  /// Where the accumulated gradient goes, when this is a parameter that lives in an arena.
  var gradientSlot: Tensor?
  /// The accumulated gradient.
  var accumulatedGradient: Tensor?
  /// Whether zeros take the place of a gradient that is forgotten, since no backward pass would bring another.
  var keepsGradient = false
  /// Called when the last gradient contribution of a backward pass has arrived.
  var gradientDidBecomeReady: (() -> Void)?
  /// Contributions that the running backward pass still owes to this leaf.
  var pendingContributions = 0
  /// Functions that see, and may replace, the gradient of this leaf.
  var leafHooks: [GradientHook] = []
  private var leafRequiresGrad = false
  /// How many recorded assignments to parts of the storage this tensor knows of.
  private var assignmentCount: UInt32
  /// Whether this is the mean of all elements of another tensor, as a loss by default, or its negative, or a sum or
  /// difference with such a mean; not what is multiplied by a number, which may be that of the elements.
  package internal(set) var isMean = false

  convenience init(storage: Storage, offset: Int = 0, shape: [Int], dtype: DataType) {
    self.init(storage: storage, offset: offset, shape: shape, count: Shape.count(shape), dtype: dtype)
  }

  private init(storage: Storage, offset: Int, shape: [Int], count: Int, dtype: DataType) {
    self.shape = shape
    elementType = dtype
    self.storage = storage
    self.offset = offset
    self.count = count
    assignmentCount = storage.assignmentCount
  }

  /// An uninitialized tensor.
  convenience init(uninitialized shape: [Int], dtype: DataType, device: Device) {
    let count = Shape.count(shape)
    let storage = Storage(byteCount: count * dtype.byteCount, device: device)
    self.init(storage: storage, offset: 0, shape: shape, count: count, dtype: dtype)
  }

  /// An uninitialized tensor of this one's shape and type, on its device.
  func uninitializedLike() -> Tensor { Tensor(uninitialized: shape, dtype: dtype, device: device) }

  /// A tensor that shares the elements of `other`, but not its place in the graph.
  init(sharing other: Tensor) {
    shape = other.shape
    elementType = other.elementType
    count = other.count
    storage = other.storage
    offset = other.offset
    assignmentCount = storage.assignmentCount
  }

  /// Converts the elements of this leaf to another type, in new memory.
  func convert(to newType: DataType) {
    guard newType != dtype else { return }
    adopt(detached().cast(to: newType))
    elementType = newType
    accumulatedGradient = nil
  }

  /// Moves the elements of this leaf, and its gradient, to a device.
  func move(to device: Device) {
    guard device != self.device else { return }
    adopt(detached().to(device))
    accumulatedGradient = accumulatedGradient?.detached().to(device)
  }

  /// Takes the memory of `other`, in which there is no place for a gradient.
  private func adopt(_ other: Tensor) {
    storage = other.storage
    offset = other.offset
    assignmentCount = storage.assignmentCount
    gradientSlot = nil
  }

  /// Moves the elements to a place in another tensor's memory, and the gradient to come to `gradientSlot`.
  func move(to home: Tensor, gradientSlot slot: Tensor) {
    precondition(home.shape == shape && home.dtype == dtype, "a tensor of shape \(shape) cannot move to \(home.shape)")
    home.assign(self)
    adopt(home)
    gradientSlot = slot
  }

  /// The elements from `start` on in a shape of their own, in the same memory, without a graph.
  func part(at start: Int = 0, shape: [Int]) -> Tensor {
    Tensor(storage: storage, offset: offset + start, shape: shape, dtype: dtype)
  }

  /// Whether this tensor has all of its storage, and no other tensor any of it.
  var isAloneInStorage: Bool {
    offset == 0 && storage.byteCount == count * dtype.byteCount && isKnownUniquelyReferenced(&storage)
  }

  /// Makes every other tensor that shares this one's memory stale: the graph of what was assigned to a part of it is
  /// this tensor's alone.
  func becomeOnlyTensorOfStorage() {
    storage.assignmentCount &+= 1
    assignmentCount = storage.assignmentCount
  }

  /// Whether gradients can flow to this tensor; traps if they would not reach what was assigned to its memory.
  var takesGradient: Bool {
    precondition(
      assignmentCount == storage.assignmentCount,
      "the memory of a tensor of shape \(shape) was assigned to through another tensor, and gradients of that are "
        + "recorded there: take this one anew from that")
    return requiresGrad
  }

  /// The number of dimensions.
  public var rank: Int { shape.count }

  /// Where the first element is in the memory of its device.
  var address: UnsafeMutableRawPointer { storage.pointer + offset * dtype.byteCount }

  /// The elements as a typed pointer; `T` must have the layout of `dtype`.
  func pointer<T: TensorElement>(_ type: T.Type = T.self) -> UnsafeMutablePointer<T> {
    assert(T.dataType == dtype, "tensor of \(dtype) read as \(T.dataType)")
    assert(device == .cpu, "tensor on \(device) read by the processor")
    return address.assumingMemoryBound(to: T.self)
  }
}

// MARK: - Standing for another tensor

extension Tensor {
  /// What a tensor is besides its identity: its elements, and their place in the graph.
  struct Contents {
    fileprivate let storage: Storage
    fileprivate let offset: Int
    fileprivate let node: Node?
    fileprivate let assignmentCount: UInt32
    fileprivate let requiresGradAsLeaf: Bool
  }

  /// What this tensor is; setting it makes it stand for another of its shape and type.
  var contents: Contents {
    get {
      Contents(
        storage: storage, offset: offset, node: node, assignmentCount: assignmentCount,
        requiresGradAsLeaf: leafRequiresGrad)
    }
    set {
      storage = newValue.storage
      offset = newValue.offset
      node = newValue.node
      assignmentCount = newValue.assignmentCount
      leafRequiresGrad = newValue.requiresGradAsLeaf
    }
  }
}

// MARK: - Place in the graph

extension Tensor {
  /// Whether operations on this tensor are recorded, so that gradients with respect to it can be computed.
  ///
  /// Only a leaf of a floating-point type can be switched; anything else traps.
  /// ``Tensor/setRequiresGrad(_:)`` is the same with an error in place of the trap.
  public var requiresGrad: Bool {
    get { leafRequiresGrad || node != nil }
    set {
      do { try setRequiresGrad(newValue) } catch { preconditionFailure("\(error)") }
    }
  }

  /// Switches recording for a leaf on or off.
  ///
  /// - Throws: ``AutogradError`` when the elements are integers or the tensor is the result of an operation.
  public func setRequiresGrad(_ value: Bool) throws {
    guard dtype.isFloatingPoint || !value else { throw AutogradError.gradientOfIntegers(dtype) }
    guard node == nil else {
      if value { return }
      throw AutogradError.notALeaf
    }
    // A leaf is changed for itself, whatever it was copied from.
    if value { storage.isCopyOfPart = false }
    leafRequiresGrad = value
  }

  /// Whether the tensor was made by the user rather than computed by a recorded operation.
  public var isLeaf: Bool { node == nil }

  /// The recorded operation that computed this tensor; `nil` for a leaf.
  public var gradientFunction: GradientFunction? { node.map(GradientFunction.init) }

  /// The gradient accumulated by `backward()`, of this tensor's shape; `nil` until there is one.
  ///
  /// Set it to `nil` to start afresh, as `zeroGrad()` of an optimizer does; that of ``ParameterArena/flat`` stays, with
  /// zeros.
  public var grad: Tensor? {
    get { accumulatedGradient }
    set {
      guard let newValue else {
        guard keepsGradient, let accumulatedGradient else { return accumulatedGradient = nil }
        return accumulatedGradient.backend.fill(accumulatedGradient, with: 0)
      }
      precondition(
        newValue.shape == shape && newValue.dtype == dtype && newValue.device == device,
        "gradient of shape \(newValue.shape), \(newValue.dtype) on \(newValue.device) given to a tensor of shape \(shape), \(dtype) on \(device)"
      )
      if let gradientSlot, gradientSlot.address != newValue.address {
        gradientSlot.assign(newValue)
        accumulatedGradient = gradientSlot
      } else {
        accumulatedGradient = newValue
      }
    }
  }

  /// A tensor with the same elements, in the same memory, cut off from the graph.
  public func detached() -> Tensor { Tensor(sharing: self) }

  /// The backend that computes on this tensor's memory.
  var backend: any Backend {
    if Profiler.isRecording { return profilingBackend }
    return if let gpu = storage.gpu { gpu.backend } else { CPUBackend.shared }
  }

  private var profilingBackend: any Backend {
    if let gpu = storage.gpu { ProfilingBackend(base: gpu.backend) } else { ProfilingBackend(base: CPUBackend.shared) }
  }
}
