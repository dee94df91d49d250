import Autograd

extension Tensor {
  /// A tensor whose elements are written as bytes, in the order of the machine, before anything reads them.
  convenience init(shape: [Int], dtype: DataType, initializingWith body: (UnsafeMutableRawBufferPointer) -> Void) {
    switch dtype {
    case .float32: self.init(shape: shape, of: Float.self) { body(UnsafeMutableRawBufferPointer($0)) }
    case .float64: self.init(shape: shape, of: Double.self) { body(UnsafeMutableRawBufferPointer($0)) }
    case .int64: self.init(shape: shape, of: Int64.self) { body(UnsafeMutableRawBufferPointer($0)) }
    case .uint8: self.init(shape: shape, of: UInt8.self) { body(UnsafeMutableRawBufferPointer($0)) }
    case .bool: self.init(shape: shape, of: Bool.self) { body(UnsafeMutableRawBufferPointer($0)) }
    }
  }
}
