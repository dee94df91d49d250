/// An array in NumPy's NPY format, versions 1 to 3.
///
/// Format: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.
public struct NPYFile: Sendable {
  /// What the elements are; the raw value is the type's code without its byte order.
  public enum ElementType: String, Sendable, CaseIterable {
    /// Double precision.
    case float64 = "f8"
    /// Single precision.
    case float32 = "f4"
    /// Half precision.
    case float16 = "f2"
    /// Signed 64-bit integers.
    case int64 = "i8"
    /// Signed 32-bit integers.
    case int32 = "i4"
    /// Unsigned bytes.
    case uint8 = "u1"
    /// One byte each, 0 or 1.
    case bool = "b1"

    /// Bytes an element.
    public var size: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16: 2
      case .uint8, .bool: 1
      }
    }
  }

  /// What the elements are.
  public let elementType: ElementType
  /// The dimensions, outermost first; none for a scalar.
  public let shape: [Int]
  /// The elements in row-major order, in the byte order of this machine, however the file keeps them.
  public let bytes: AlignedBytes

  /// Reads a file, plain or compressed with gzip.
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: The most bytes of elements that are accepted.
  /// - Throws: ``FileError`` where the file cannot be read, is not NPY, or its length is not what its header says.
  public init(path: String, limit: Int = 1 << 32) throws {
    try self.init(reading: InputFile.openDecompressing(path: path), limit: limit)
  }

  /// Reads a file from wherever it is.
  init(reading source: any ByteSource, limit: Int) throws {
    let path = source.path
    let header = try NPYHeader(reading: source)
    guard let elementType = ElementType(rawValue: String(header.type.dropFirst())),
      "<>|=".contains(header.type.first ?? " ")
    else {
      let known = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw FileError(path, "holds elements of type '\(header.type)', expected one of \(known) after < or >")
    }
    let shape = header.shape
    guard let count = byteCount(shape: shape, elementSize: elementType.size), count <= limit else {
      throw FileError(path, "claims the shape \(shape) of \(elementType), more than the \(limit) bytes allowed")
    }
    guard count <= source.maximumCount else {
      throw FileError(path, "is truncated: \(elementType) of shape \(shape) takes \(count) bytes")
    }
    let stored = try AlignedBytes(count: count) { buffer in
      let found = try source.read(into: buffer)
      guard found == count else {
        throw FileError(path, "is truncated: \(elementType) of shape \(shape) takes \(count) bytes, \(found) found")
      }
      let isHostBigEndian = Int(bigEndian: 1) == 1
      let isBigEndian = header.type.first == ">" || (header.type.first != "<" && isHostBigEndian)
      convertToHostOrder(buffer, elementSize: elementType.size, isBigEndian: isBigEndian)
    }
    guard try source.isAtEnd() else {
      throw FileError(path, "is too long: \(elementType) of shape \(shape) takes \(count) bytes")
    }
    self.elementType = elementType
    self.shape = shape
    bytes = header.isColumnMajor ? rowMajor(stored, shape: shape, elementSize: elementType.size) : stored
  }
}

/// The elements of a column-major array in row-major order.
private func rowMajor(_ columnMajor: AlignedBytes, shape: [Int], elementSize: Int) -> AlignedBytes {
  var strides: [Int] = []  // of each dimension in the column-major array, in elements
  var stride = 1
  for size in shape {
    strides.append(stride)
    stride *= size
  }
  return AlignedBytes(count: columnMajor.count) { target in
    columnMajor.withUnsafeBytes { source in
      var index = [Int](repeating: 0, count: shape.count)
      var from = 0
      for to in 0..<columnMajor.count / elementSize {
        UnsafeMutableRawBufferPointer(rebasing: target[to * elementSize..<(to + 1) * elementSize])
          .copyMemory(from: .init(rebasing: source[from * elementSize..<(from + 1) * elementSize]))
        for dimension in shape.indices.reversed() {
          index[dimension] += 1
          from += strides[dimension]
          if index[dimension] < shape[dimension] { break }
          from -= strides[dimension] * shape[dimension]
          index[dimension] = 0
        }
      }
    }
  }
}
