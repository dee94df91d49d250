import Autograd

extension NPYFile {
  /// The array as a tensor of the same shape; `float16` becomes `float32`, and `int32` `int64`.
  public var tensor: Tensor {
    switch elementType {
    case .float64: bytes.tensor(shape, of: Double.self) { $0 }
    case .float32: bytes.tensor(shape, of: Float.self) { $0 }
    case .float16: bytes.tensor(shape, from: UInt16.self) { Float(halfBits: $0) }
    case .int64: bytes.tensor(shape, of: Int64.self) { $0 }
    case .int32: bytes.tensor(shape, from: Int32.self) { Int64($0) }
    case .uint8: bytes.tensor(shape, of: UInt8.self) { $0 }
    case .bool: bytes.tensor(shape, from: UInt8.self) { $0 != 0 }
    }
  }
}

extension IDXFile {
  /// The array as a tensor of the same shape; signed integers of all sizes become `int64`.
  public var tensor: Tensor {
    switch elementType {
    case .uint8: bytes.tensor(shape, of: UInt8.self) { $0 }
    case .int8: bytes.tensor(shape, from: Int8.self) { Int64($0) }
    case .int16: bytes.tensor(shape, from: Int16.self) { Int64($0) }
    case .int32: bytes.tensor(shape, from: Int32.self) { Int64($0) }
    case .float32: bytes.tensor(shape, of: Float.self) { $0 }
    case .float64: bytes.tensor(shape, of: Double.self) { $0 }
    }
  }
}

extension AlignedBytes {
  /// The elements of an array, each converted.
  fileprivate func tensor<Stored: BitwiseCopyable, Element: TensorElement>(
    _ shape: [Int], from: Stored.Type = Stored.self, of: Element.Type = Element.self, _ convert: (Stored) -> Element
  ) -> Tensor {
    withUnsafeBytes { source in
      Tensor(shape: shape, of: Element.self) { target in
        for index in target.indices {
          let stored = source.loadUnaligned(fromByteOffset: index * MemoryLayout<Stored>.stride, as: Stored.self)
          target.initializeElement(at: index, to: convert(stored))
        }
      }
    }
  }
}
