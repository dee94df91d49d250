import Autograd

/// What all samples of a data set have of one kind, such as their images, sample after sample in memory.
public struct SampleColumn: Sendable {
  /// What a batch has in place of the elements.
  public enum Conversion: Sendable {
    /// The elements themselves.
    case none
    /// The same numbers as `int64`.
    case wholeNumbers
    /// A 255th of each, divided in single precision.
    case fractionsOf255
  }

  /// The elements.
  public let bytes: AlignedBytes
  /// The type of the elements.
  public let dtype: DataType
  /// The dimensions of one sample.
  public let shape: [Int]
  /// What a batch has in place of the elements.
  public let conversion: Conversion

  /// A column of elements that are already in memory: a whole number of samples of the given shape.
  public init(_ bytes: AlignedBytes, dtype: DataType, shape: [Int], conversion: Conversion = .none) {
    let sampleByteCount = shape.reduce(dtype.byteCount, *)
    precondition(
      sampleByteCount == 0 ? bytes.count == 0 : bytes.count.isMultiple(of: sampleByteCount),
      "\(bytes.count) bytes for samples of shape \(shape) and type \(dtype)")
    self.bytes = bytes
    self.dtype = dtype
    self.shape = shape
    self.conversion = conversion
  }

  /// The bytes of one sample.
  var sampleByteCount: Int { shape.reduce(dtype.byteCount, *) }
}
