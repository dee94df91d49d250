extension CUDABackend {
  func unary(_ operation: UnaryOperation, _ x: Tensor, into result: Tensor) {
    guard x.dtype.isFloatingPoint else { unsupported(operation, x.dtype) }
    let layout = x.layout
    if layout != .plain && (!layout.isBFloat16 || operation.suitsBFloat16) {
      let x = arranged(x, as: layout)
      return write(result, as: layout) { unary(operation, x, into: $0) }
    }
    launch(
      "\(operation.rawValue)_\(x.suffix)", in: .elementwise(x), over: x.count, x.count, x.address, result.address)
  }

  func clamp(_ x: Tensor, from low: Double, to high: Double, into result: Tensor) {
    binary(.maximum, x, x.scalar(low), into: result)
    binary(.minimum, result, x.scalar(high), into: result)
  }

  func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, into result: Tensor) {
    let layout = resultLayout(operation, a, b, into: result)
    if layout != .plain, let x = operand(a, of: result, in: layout), let y = operand(b, of: result, in: layout) {
      return write(result, as: layout) { binary(operation, x, y, into: $0) }
    }
    switch result.dtype {
    case .float32: combine(Float.self, operation, a, b, result)
    case .float64: combine(Double.self, operation, a, b, result)
    case .int64 where operation.isArithmetic: combine(Int64.self, operation, a, b, result)
    default: unsupported(operation, result.dtype)
    }
  }

  /// The layout for the result of two operands: that of the operand that it replaces or, if it is a gradient, of what it
  /// is the gradient of; else with channels last if an operand is so, and in bfloat16 if all operands with dimensions are
  /// and the operation needs no more digits.
  private func resultLayout(
    _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, into result: Tensor
  ) -> Layout {
    if a.storage === result.storage || b.storage === result.storage { return result.layout }
    if operation.isActivationGradient { return b.layout }
    let layouts = [a, b].filter { $0.rank > 0 }.map(\.layout)
    let isChannelsLast = result.rank == 4 && [a, b].contains { $0.layout.isChannelsLast && $0.shape == result.shape }
    let isBFloat16 = !layouts.isEmpty && layouts.allSatisfy(\.isBFloat16) && operation.suitsBFloat16(a)
    return Layout(isChannelsLast: isChannelsLast, isBFloat16: isBFloat16)
  }

  /// An operand as it combines with elements in a layout: one element as it is; images [N, H, W, C] with others, or one
  /// element for each channel.
  private func operand(_ x: Tensor, of result: Tensor, in layout: Layout) -> Tensor? {
    if x.count == 1 { return x.layout == .plain ? x : nil }
    if x.shape == result.shape || !layout.isChannelsLast { return arranged(x, as: layout) }
    guard x.count == result.shape[1] && [[], [1]].contains(where: { $0 + [x.count, 1, 1] == x.shape }) else {
      return nil
    }
    return arranged(x, as: Layout(isBFloat16: layout.isBFloat16)).part(shape: [x.count])
  }

  private func combine<T: TensorElement & Numeric>(
    _: T.Type, _ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, _ result: Tensor
  ) {
    func isPlain(_ x: Tensor) -> Bool { x.count == 1 || x.count == result.count }
    guard isPlain(a) && isPlain(b) else { return combineBroadcast(operation, a, b, result) }
    launch(
      "\(operation.rawValue)_\(result.suffix)", in: .elementwise(result), over: result.count, result.count,
      Operand<T>(a, result), Operand<T>(b, result), result.address)
  }

  private func combineBroadcast(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, _ result: Tensor) {
    guard operation.isArithmetic else {
      precondition(!result.isBFloat16, "\(operation) of elements in bfloat16 and others in fewer dimensions")
      func whole(_ x: Tensor) -> Tensor {
        let copy = Tensor(uninitialized: result.shape, dtype: x.dtype, device: result.device)
        self.copy(x, offset: 0, strides: Shape.broadcastStrides(x.shape, to: result.shape), into: copy)
        return copy
      }
      return binary(operation, a.count == 1 ? a : whole(a), b.count == 1 ? b : whole(b), into: result)
    }
    let (a, b) = (onDevice(a), onDevice(b))
    combineBroadcast("\(operation.rawValue)_broadcast", in: .elementwise(result), a, b, into: result)
    extendLifetime((a, b))
  }

  /// Starts a kernel that combines two operands on the GPU, broadcast to the shape of `result`, which may be one of them.
  func combineBroadcast(_ kernel: String, in module: KernelModule, _ a: Tensor, _ b: Tensor, into result: Tensor) {
    let size = result.elementByteCount
    let dimensions = MergedDimensions(
      shape: result.shape, strides: [a, b].map { Shape.broadcastStrides($0.shape, to: result.shape) })
    dimensions.forEachPart { part, position, offsets in
      let (x, y) = (a.address + offsets[0] * size, b.address + offsets[1] * size)
      let out = result.address + position * size
      let packed = [x, y, out].allSatisfy({ $0.isAligned(to: 16) }) ? part.packed(16 / size) : nil
      let walk = packed ?? part
      launch(
        "\(kernel)_\(result.suffix)", in: module, over: walk.count, Walk(walk), walk.count,
        Int32(part.isShort ? 1 : 0), Int32(packed == nil ? 0 : 1), x, y, out)
    }
  }

  /// The tensor, or a copy of its one element on this device.
  func onDevice(_ x: Tensor) -> Tensor { x.device == .cpu ? x.detached().to(.cuda(device.index)) : x }
}

/// `Operand` in `elementwise.h`.
private struct Operand<T: TensorElement & Numeric>: KernelArgument {
  private let elements: UnsafeMutableRawPointer?
  private let value: T
  private let isSingle: Int32

  init(_ x: Tensor, _ result: Tensor) {
    let isOnDevice = x.device != .cpu
    elements = isOnDevice ? x.address : nil
    value = isOnDevice ? 0 : x.pointer(T.self)[0]
    isSingle = x.count == result.count && isOnDevice ? 0 : 1
  }
}

extension UnsafeMutableRawPointer {
  /// Whether the address is a multiple of `byteCount`.
  func isAligned(to byteCount: Int) -> Bool { UInt(bitPattern: self) % UInt(byteCount) == 0 }
}

extension DataType {
  /// What the names of kernels for elements of this type end in.
  var suffix: String {
    switch self {
    case .float32: "f32"
    case .float64: "f64"
    case .int64: "i64"
    case .uint8: "u8"
    case .bool: "bool"
    }
  }
}

extension KernelModule {
  /// The element-wise functions for a tensor.
  static func elementwise(_ x: Tensor) -> KernelModule {
    switch x.dtype {
    case .float32 where x.isBFloat16: .elementwiseBFloat16
    case .float32: .elementwiseFloat32
    case .float64: .elementwiseFloat64
    default: .elementwiseInt64
    }
  }
}

extension UnaryOperation {
  /// Whether the results for elements in bfloat16 are kept in bfloat16.
  fileprivate var suitsBFloat16: Bool {
    switch self {
    case .negate, .tanh, .sigmoid, .relu, .silu, .hardswish, .gelu, .geluTanh: true
    default: false
    }
  }
}

extension BinaryOperation {
  /// Whether results for elements in bfloat16, of which `a` are the first, are kept in bfloat16: not powers, angles,
  /// sums of powers, quotients of a number, exponentials, and slopes, which are few and have more digits.
  fileprivate func suitsBFloat16(_ a: Tensor) -> Bool {
    switch self {
    case .power, .direction, .hurwitzZeta, .smoothAbsolute, .leakyReLUSlope, .elu, .eluSlope: false
    case .divide: a.rank > 0
    default: true
    }
  }

  /// Whether this is the gradient of an activation, from that of the result, a, and the activation's result or input, b.
  fileprivate var isActivationGradient: Bool {
    switch self {
    case .reluGradient, .tanhGradient, .sigmoidGradient, .siluGradient, .hardswishGradient, .geluGradient,
      .geluTanhGradient:
      true
    default: false
    }
  }

  /// Whether all numbers have it, and kernels take operands that are broadcast in any way.
  fileprivate var isArithmetic: Bool {
    switch self {
    case .add, .subtract, .multiply, .divide, .maximum, .minimum, .power, .equal, .less, .lessOrEqual: true
    default: false
    }
  }
}
