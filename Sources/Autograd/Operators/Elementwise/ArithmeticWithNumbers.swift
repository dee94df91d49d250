// A number in an expression is a `Double`, so that `x * 1 / 2` and `1 / 2 * x` are what they are in Python: the functions
// of other types are taken for variables only. Beyond 2⁵³ not every integer is a `Double`; as an `Int` it is exact where
// the tensor is of int64.

extension Tensor {
  /// Adds a number to every element.
  public static func + (x: Tensor, value: Double) -> Tensor { x + x.scalar(value) }
  /// Adds every element to a number.
  public static func + (value: Double, x: Tensor) -> Tensor { x.scalar(value) + x }
  /// Subtracts a number from every element.
  public static func - (x: Tensor, value: Double) -> Tensor { x - x.scalar(value) }
  /// Subtracts every element from a number.
  public static func - (value: Double, x: Tensor) -> Tensor { x.scalar(value) - x }
  /// Multiplies every element by a number.
  public static func * (x: Tensor, value: Double) -> Tensor { x * x.scalar(value) }
  /// Multiplies a number by every element.
  public static func * (value: Double, x: Tensor) -> Tensor { x.scalar(value) * x }
  /// Divides every element by a number.
  public static func / (x: Tensor, value: Double) -> Tensor { x / x.scalar(value) }
  /// Divides a number by every element.
  public static func / (value: Double, x: Tensor) -> Tensor { x.scalar(value) / x }
}

extension Tensor {
  /// Adds a number to every element.
  @_disfavoredOverload
  public static func + (x: Tensor, value: Int) -> Tensor { x + x.scalar(value) }
  /// Adds every element to a number.
  @_disfavoredOverload
  public static func + (value: Int, x: Tensor) -> Tensor { x.scalar(value) + x }
  /// Subtracts a number from every element.
  @_disfavoredOverload
  public static func - (x: Tensor, value: Int) -> Tensor { x - x.scalar(value) }
  /// Subtracts every element from a number.
  @_disfavoredOverload
  public static func - (value: Int, x: Tensor) -> Tensor { x.scalar(value) - x }
  /// Multiplies every element by a number.
  @_disfavoredOverload
  public static func * (x: Tensor, value: Int) -> Tensor { x * x.scalar(value) }
  /// Multiplies a number by every element.
  @_disfavoredOverload
  public static func * (value: Int, x: Tensor) -> Tensor { x.scalar(value) * x }
  /// Divides every element by a number.
  @_disfavoredOverload
  public static func / (x: Tensor, value: Int) -> Tensor { x / x.scalar(value) }
  /// Divides a number by every element.
  @_disfavoredOverload
  public static func / (value: Int, x: Tensor) -> Tensor { x.scalar(value) / x }
  /// Every element to a fixed power.
  @_disfavoredOverload
  public static func ** (base: Tensor, exponent: Int) -> Tensor { base.pow(Double(exponent)) }
}

extension Tensor {
  /// Adds a number to every element.
  @_disfavoredOverload
  public static func + (x: Tensor, value: Float) -> Tensor { x + x.scalar(Double(value)) }
  /// Adds every element to a number.
  @_disfavoredOverload
  public static func + (value: Float, x: Tensor) -> Tensor { x.scalar(Double(value)) + x }
  /// Subtracts a number from every element.
  @_disfavoredOverload
  public static func - (x: Tensor, value: Float) -> Tensor { x - x.scalar(Double(value)) }
  /// Subtracts every element from a number.
  @_disfavoredOverload
  public static func - (value: Float, x: Tensor) -> Tensor { x.scalar(Double(value)) - x }
  /// Multiplies every element by a number.
  @_disfavoredOverload
  public static func * (x: Tensor, value: Float) -> Tensor { x * x.scalar(Double(value)) }
  /// Multiplies a number by every element.
  @_disfavoredOverload
  public static func * (value: Float, x: Tensor) -> Tensor { x.scalar(Double(value)) * x }
  /// Divides every element by a number.
  @_disfavoredOverload
  public static func / (x: Tensor, value: Float) -> Tensor { x / x.scalar(Double(value)) }
  /// Divides a number by every element.
  @_disfavoredOverload
  public static func / (value: Float, x: Tensor) -> Tensor { x.scalar(Double(value)) / x }
  /// Every element to a fixed power.
  @_disfavoredOverload
  public static func ** (base: Tensor, exponent: Float) -> Tensor { base.pow(Double(exponent)) }
}
