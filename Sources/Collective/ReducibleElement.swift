/// How the elements of several ranks become one.
public enum ReduceOperation: String, Sendable, CaseIterable {
  /// Addition; integers wrap around.
  case sum
  /// The least element; unspecified where one is not a number.
  case minimum
  /// The greatest element; unspecified where one is not a number.
  case maximum
  /// Multiplication; integers wrap around.
  case product
}

/// The element types that travel between ranks, for layers that are not generic.
public enum ElementType: String, Sendable, CaseIterable {
  /// `Float`, 4 bytes.
  case float
  /// `Double`, 8 bytes.
  case double
  /// `Int32`.
  case int32
  /// `Int64`.
  case int64
  /// `UInt8`.
  case uint8
}

/// A number that ranks can send and combine: `Float`, `Double`, `Int32`, `Int64`, `UInt8`.
public protocol ReducibleElement: BitwiseCopyable, Comparable, Numeric, Sendable {
  /// The type's name for layers that are not generic.
  static var elementType: ElementType { get }

  /// Sets `target[i]` to the combination of `target[i]` and `source[i]`, in this order, for `count` elements.
  static func combine(
    _ source: UnsafePointer<Self>, into target: UnsafeMutablePointer<Self>, count: Int, _ operation: ReduceOperation)
}

extension ReducibleElement where Self: BinaryFloatingPoint {
  /// Combines with floating-point arithmetic.
  public static func combine(
    _ source: UnsafePointer<Self>, into target: UnsafeMutablePointer<Self>, count: Int, _ operation: ReduceOperation
  ) {
    switch operation {
    case .sum: for i in 0..<count { target[i] += source[i] }
    case .product: for i in 0..<count { target[i] *= source[i] }
    case .minimum: for i in 0..<count where source[i] < target[i] { target[i] = source[i] }
    case .maximum: for i in 0..<count where source[i] > target[i] { target[i] = source[i] }
    }
  }
}

extension ReducibleElement where Self: FixedWidthInteger {
  /// Combines with integer arithmetic that wraps around.
  public static func combine(
    _ source: UnsafePointer<Self>, into target: UnsafeMutablePointer<Self>, count: Int, _ operation: ReduceOperation
  ) {
    switch operation {
    case .sum: for i in 0..<count { target[i] &+= source[i] }
    case .product: for i in 0..<count { target[i] &*= source[i] }
    case .minimum: for i in 0..<count where source[i] < target[i] { target[i] = source[i] }
    case .maximum: for i in 0..<count where source[i] > target[i] { target[i] = source[i] }
    }
  }
}

extension Float: ReducibleElement {
  /// `float`.
  public static var elementType: ElementType { .float }
}

extension Double: ReducibleElement {
  /// `double`.
  public static var elementType: ElementType { .double }
}

extension Int32: ReducibleElement {
  /// `int32`.
  public static var elementType: ElementType { .int32 }
}

extension Int64: ReducibleElement {
  /// `int64`.
  public static var elementType: ElementType { .int64 }
}

extension UInt8: ReducibleElement {
  /// `uint8`.
  public static var elementType: ElementType { .uint8 }
}
