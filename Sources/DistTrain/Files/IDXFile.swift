/// An array in the IDX format of the MNIST data sets: a magic number with the element type and the number of
/// dimensions, the dimensions, and the elements, all big-endian. The file may be compressed with gzip.
///
/// Format: <http://yann.lecun.com/exdb/mnist/>, "The IDX file format".
public struct IDXFile: Sendable {
  /// What the elements are; the raw value is the third byte of the file.
  public enum ElementType: UInt8, Sendable {
    /// Unsigned bytes.
    case uint8 = 0x08
    /// Signed bytes.
    case int8 = 0x09
    /// Signed 16-bit integers.
    case int16 = 0x0B
    /// Signed 32-bit integers.
    case int32 = 0x0C
    /// IEEE 754 single precision.
    case float32 = 0x0D
    /// IEEE 754 double precision.
    case float64 = 0x0E

    /// Bytes an element.
    public var size: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32, .float32: 4
      case .float64: 8
      }
    }
  }

  /// What the elements are.
  public let elementType: ElementType
  /// The dimensions, outermost first; at least one.
  public let shape: [Int]
  /// The elements in row-major order, in the byte order of this machine.
  public let bytes: AlignedBytes

  /// Reads a file, plain or compressed (its first bytes tell, not its name).
  /// - Parameters:
  ///   - path: The file.
  ///   - limit: The most bytes of elements that are accepted, so that a small file cannot claim all memory.
  /// - Throws: ``FileError`` where the file cannot be read, is corrupt, or its length is not what its header says.
  public init(path: String, limit: Int = 1 << 32) throws {
    let source = try InputFile.openDecompressing(path: path)
    let magic = try source.read(upTo: 4)
    guard magic.count == 4, magic[0] == 0, magic[1] == 0 else {
      throw FileError(path, "is not an IDX file: it starts with \(hexadecimal(magic)), expected 00 00 and a type")
    }
    guard let elementType = ElementType(rawValue: magic[2]) else {
      throw FileError(path, "has the unknown IDX element type \(hexadecimal([magic[2]])), expected 08, 09 or 0b to 0e")
    }
    guard magic[3] > 0 else { throw FileError(path, "is an IDX file without dimensions") }

    let dimensions = try source.read(upTo: 4 * Int(magic[3]))
    guard dimensions.count == 4 * Int(magic[3]) else {
      throw FileError(path, "ends inside its header: \(magic[3]) dimensions expected, \(dimensions.count / 4) found")
    }
    let shape = stride(from: 0, to: dimensions.count, by: 4).map { dimensions[$0..<$0 + 4].bigEndianValue }
    guard let count = byteCount(shape: shape, elementSize: elementType.size), count <= limit else {
      throw FileError(path, "claims the shape \(shape) of \(elementType), more than the \(limit) bytes allowed")
    }
    let headerCount = magic.count + dimensions.count
    let truncated = { (found: Int) in
      FileError(
        path, "is truncated: \(elementType) of shape \(shape) takes \(count) bytes after the header, \(found) found")
    }
    guard count <= source.maximumCount - headerCount else { throw truncated(source.maximumCount - headerCount) }

    bytes = try AlignedBytes(count: count) { buffer in
      let found = try source.read(into: buffer)
      guard found == count else { throw truncated(found) }
      convertToHostOrder(buffer, elementSize: elementType.size, isBigEndian: true)
    }
    guard try source.isAtEnd() else {
      throw FileError(path, "is too long: \(elementType) of shape \(shape) ends after \(headerCount + count) bytes")
    }
    self.elementType = elementType
    self.shape = shape
  }
}
