import Autograd

extension Safetensors.ElementType {
  /// The type of the tensors that hold such elements, all of them exactly: 16-bit numbers become `float32`, and 32-bit
  /// integers `int64`.
  public var dtype: DataType {
    switch self {
    case .float64: .float64
    case .float32, .float16, .bfloat16: .float32
    case .int64, .int32: .int64
    case .uint8: .uint8
    case .bool: .bool
    }
  }

  /// Writes elements of this type, little-endian, as those of ``dtype``.
  func convert(_ bytes: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer) {
    func each<From: FixedWidthInteger, To>(_: From.Type, _ element: (From) -> To) {
      let target = result.assumingMemoryBound(to: To.self)
      for index in target.indices {
        let bits = bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<From>.size, as: From.self)
        target[index] = element(From(littleEndian: bits))
      }
    }
    switch self {
    case .float16: each(UInt16.self, Float.init(halfBits:))
    case .bfloat16: each(UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .int32: each(Int32.self) { Int64($0) }
    case .float64, .float32, .int64, .uint8, .bool: result.copyMemory(from: bytes)
    }
  }
}
