/// The type of a tensor's elements.
public enum DataType: String, Sendable, CaseIterable {
  /// IEEE 754 single precision, the default for values with a fraction.
  case float32
  /// IEEE 754 double precision, for checks and double-precision runs.
  case float64
  /// Signed 64-bit integers, the default for whole numbers and the type of indices and class labels.
  case int64
  /// Unsigned bytes, the type of image data before it is batched. They hold data: sums and comparisons are defined, and
  /// arithmetic with wider types; arithmetic whose result would be bytes traps.
  case uint8
  /// Truth values, one byte each: they select, and count as 0 and 1 in sums and in arithmetic with numbers; arithmetic
  /// among them traps.
  case bool

  /// Bytes an element takes.
  public var byteCount: Int {
    switch self {
    case .float32: 4
    case .float64, .int64: 8
    case .uint8, .bool: 1
    }
  }

  /// Whether gradients can be taken with respect to elements of this type.
  public var isFloatingPoint: Bool { self == .float32 || self == .float64 }

  /// Truth values, integers or numbers with a fraction: 0, 1, 2.
  var kind: Int {
    switch self {
    case .bool: 0
    case .uint8, .int64: 1
    case .float32, .float64: 2
    }
  }

  /// The type that holds the result of combining elements of two types, by PyTorch's promotion rules.
  static func promoted(_ a: DataType, _ b: DataType) -> DataType {
    let rank: [DataType] = [.bool, .uint8, .int64, .float32, .float64]
    guard a != b, let i = rank.firstIndex(of: a), let j = rank.firstIndex(of: b) else { return a }
    return rank[max(i, j)]
  }
}

/// A Swift type that can be stored as the element of a tensor.
public protocol TensorElement: BitwiseCopyable, Sendable {
  /// The tensor element type with the same memory layout.
  static var dataType: DataType { get }
}

extension TensorElement where Self: FixedWidthInteger {
  /// A number without its fraction; one that the type does not hold stops the program.
  init(whole value: Double) {
    guard let whole = Self(exactly: value.rounded(.towardZero)) else {
      preconditionFailure("\(value) is no value of a tensor of \(Self.dataType)")
    }
    self = whole
  }
}

extension Float: TensorElement {
  /// `float32`.
  public static var dataType: DataType { .float32 }
}

extension Double: TensorElement {
  /// `float64`.
  public static var dataType: DataType { .float64 }
}

extension Int64: TensorElement {
  /// `int64`.
  public static var dataType: DataType { .int64 }
}

extension Int: TensorElement {
  /// `int64`.
  public static var dataType: DataType { .int64 }
}

extension UInt8: TensorElement {
  /// `uint8`.
  public static var dataType: DataType { .uint8 }
}

extension Bool: TensorElement {
  /// `bool`.
  public static var dataType: DataType { .bool }
}

extension Tensor {
  /// Stops the program where elements are integers and `operation` needs real numbers.
  func requireFloatingPoint(for operation: StaticString) {
    precondition(dtype.isFloatingPoint, "\(operation) is not defined for tensors of \(dtype); cast to float32 first")
  }
}
