import CKernels

/// Computes on the processor, with vectorized loops and OpenBLAS.
struct CPUBackend: Backend {
  static let shared = CPUBackend()

  func upload(_ source: UnsafeRawPointer, to result: Tensor) {
    result.address.copyMemory(from: source, byteCount: result.count * result.dtype.byteCount)
  }

  func download(_ x: Tensor, to destination: UnsafeMutableRawPointer) {
    destination.copyMemory(from: x.address, byteCount: x.count * x.dtype.byteCount)
  }

  func finish() {}

  func fill(_ result: Tensor, with value: Double) {
    func assign<T: TensorElement>(_ value: T) { result.pointer(T.self).update(repeating: value, count: result.count) }
    switch result.dtype {
    case .float32: assign(Float(value))
    case .float64: assign(value)
    case .int64: assign(Int64(whole: value))
    case .uint8: assign(UInt8(whole: value))
    case .bool: assign(value != 0)
    }
  }

  func convert(_ x: Tensor, into result: Tensor) {
    guard x.dtype != result.dtype else {
      result.address.copyMemory(from: x.address, byteCount: x.count * x.dtype.byteCount)
      return
    }
    if x.dtype == .uint8 && result.dtype == .float32 {
      dt_convert_u8_to_f32(x.count, x.pointer(), result.pointer())
      return
    }
    switch x.dtype {
    case .float32: convert(Float.self, x, into: result)
    case .float64: convert(Double.self, x, into: result)
    case .int64: convertIntegers(x, into: result) { (integer: Int64) in integer }
    case .uint8: convertIntegers(x, into: result) { (byte: UInt8) in Int64(byte) }
    case .bool: convertIntegers(x, into: result) { (isTrue: Bool) in isTrue ? 1 : 0 }
    }
  }

  @inline(__always)
  private func convert<T: TensorElement & BinaryFloatingPoint>(_: T.Type, _ x: Tensor, into result: Tensor) {
    switch result.dtype {
    case .float32: assign(x, result) { (value: T) in Float(value) }
    case .float64: assign(x, result) { (value: T) in Double(value) }
    // As on x86-64 in C, what is out of range or not a number becomes the smallest integer.
    case .int64: assign(x, result) { (value: T) in Self.truncated(Double(value)) }
    case .uint8: assign(x, result) { (value: T) in UInt8(truncatingIfNeeded: Self.truncated(Double(value))) }
    case .bool: assign(x, result) { (value: T) in value != 0 }
    }
  }

  @inline(__always)
  private func convertIntegers<T: TensorElement>(_ x: Tensor, into result: Tensor, _ integer: (T) -> Int64) {
    switch result.dtype {
    case .float32: assign(x, result) { Float(integer($0)) }
    case .float64: assign(x, result) { Double(integer($0)) }
    case .int64: assign(x, result) { integer($0) }
    case .uint8: assign(x, result) { UInt8(truncatingIfNeeded: integer($0)) }
    case .bool: assign(x, result) { integer($0) != 0 }
    }
  }

  /// The loop of every conversion, with nothing in it but what is done to an element.
  @inline(__always)
  private func assign<T: TensorElement, U: TensorElement>(_ x: Tensor, _ result: Tensor, _ value: (T) -> U) {
    let (from, to) = (x.pointer(T.self), result.pointer(U.self))
    for i in 0..<result.count { to[i] = value(from[i]) }
  }

  private static func truncated(_ value: Double) -> Int64 { Int64(exactly: value.rounded(.towardZero)) ?? .min }
}

/// Stops at an operation that has no meaning for the type of its elements.
func unsupported(_ operation: Any, _ dtype: DataType) -> Never {
  preconditionFailure("\(operation) is not defined for tensors of \(dtype)")
}
