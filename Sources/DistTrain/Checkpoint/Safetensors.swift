/// The safetensors format: eight bytes of header length (little-endian), a JSON header that gives each tensor's type,
/// shape and place, and the tensors' bytes, little-endian and row-major.
///
/// Format: <https://huggingface.co/docs/safetensors>. This file holds what reading and writing share.
public enum Safetensors {
  /// The type of a tensor's elements, by its name in the header.
  public enum ElementType: String, Sendable, CaseIterable {
    /// Double precision.
    case float64 = "F64"
    /// Single precision.
    case float32 = "F32"
    /// Half precision.
    case float16 = "F16"
    /// The upper half of a single-precision number.
    case bfloat16 = "BF16"
    /// Signed 64-bit integers.
    case int64 = "I64"
    /// Signed 32-bit integers.
    case int32 = "I32"
    /// Unsigned bytes.
    case uint8 = "U8"
    /// One byte each, 0 or 1.
    case bool = "BOOL"

    /// Bytes an element.
    public var size: Int {
      switch self {
      case .float64, .int64: 8
      case .float32, .int32: 4
      case .float16, .bfloat16: 2
      case .uint8, .bool: 1
      }
    }
  }

  /// A tensor's name, type and shape.
  public struct Entry: Equatable, Sendable {
    /// The name, such as `encoder.0.weight`.
    public let name: String
    /// The type of the elements.
    public let elementType: ElementType
    /// The dimensions, outermost first; none for a scalar.
    public let shape: [Int]

    /// A tensor of this name, type and shape.
    public init(name: String, elementType: ElementType, shape: [Int]) {
      self.name = name
      self.elementType = elementType
      self.shape = shape
    }
  }

  /// A free text that travels with the tensors, such as `format` = `pt`.
  public struct Metadata: Equatable, Sendable {
    /// What the text is.
    public let key: String
    /// The text.
    public let value: String

    /// A text under a key.
    public init(_ key: String, _ value: String) {
      self.key = key
      self.value = value
    }
  }

  /// The header's member that is not a tensor.
  static let metadataName = "__metadata__"

  /// Headers longer than this are refused, as by the format's own library.
  static let largestHeader = 100_000_000
}
