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
    func whole<T: FixedWidthInteger>(_: T.Type) -> T {
      guard let whole = T(exactly: value.rounded(.towardZero)) else {
        preconditionFailure("\(value) is no value of a tensor of \(result.dtype)")
      }
      return whole
    }
    switch result.dtype {
    case .float32: assign(Float(value))
    case .float64: assign(value)
    case .int64: assign(whole(Int64.self))
    case .uint8: assign(whole(UInt8.self))
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
    case .float32: convert(from: x.pointer(Float.self), into: result) { Double($0) }
    case .float64: convert(from: x.pointer(Double.self), into: result) { $0 }
    case .int64: convertIntegers(from: x.pointer(Int64.self), into: result) { $0 }
    case .uint8: convertIntegers(from: x.pointer(UInt8.self), into: result) { Int64($0) }
    case .bool: convertIntegers(from: x.pointer(Bool.self), into: result) { $0 ? 1 : 0 }
    }
  }

  private func convert<T: BinaryFloatingPoint>(
    from x: UnsafePointer<T>, into result: Tensor, _ value: (T) -> Double
  ) {
    let n = result.count
    switch result.dtype {
    case .float32: for i in 0..<n { result.pointer(Float.self)[i] = Float(value(x[i])) }
    case .float64: for i in 0..<n { result.pointer(Double.self)[i] = value(x[i]) }
    // As on x86-64 in C, what is out of range or not a number becomes the smallest integer.
    case .int64: for i in 0..<n { result.pointer(Int64.self)[i] = Self.truncated(value(x[i])) }
    case .uint8:
      for i in 0..<n { result.pointer(UInt8.self)[i] = UInt8(truncatingIfNeeded: Self.truncated(value(x[i]))) }
    case .bool:
      let bytes = result.pointer(Bool.self)
      for i in 0..<n { bytes[i] = x[i] != 0 }
    }
  }

  private func convertIntegers<T>(from x: UnsafePointer<T>, into result: Tensor, _ value: (T) -> Int64) {
    let n = result.count
    switch result.dtype {
    case .float32: for i in 0..<n { result.pointer(Float.self)[i] = Float(value(x[i])) }
    case .float64: for i in 0..<n { result.pointer(Double.self)[i] = Double(value(x[i])) }
    case .int64: for i in 0..<n { result.pointer(Int64.self)[i] = value(x[i]) }
    case .uint8: for i in 0..<n { result.pointer(UInt8.self)[i] = UInt8(truncatingIfNeeded: value(x[i])) }
    case .bool: for i in 0..<n { result.pointer(Bool.self)[i] = value(x[i]) != 0 }
    }
  }

  private static func truncated(_ value: Double) -> Int64 { Int64(exactly: value.rounded(.towardZero)) ?? .min }
}

/// Stops at an operation that has no meaning for the type of its elements.
func unsupported(_ operation: Any, _ dtype: DataType) -> Never {
  preconditionFailure("\(operation) is not defined for tensors of \(dtype)")
}
