extension Tensor {
  /// Whether elements are equal, as `bool`; shapes are broadcast and types promoted. NaN is equal to nothing.
  public func equal(to other: Tensor) -> Tensor { compared(.equal, other) }

  /// Whether elements differ, as `bool`.
  public func notEqual(to other: Tensor) -> Tensor { (1 - truth(.equal, other)).cast(to: .bool) }

  /// Whether elements are smaller than those of `other`, as `bool`.
  public func less(than other: Tensor) -> Tensor { compared(.less, other) }

  /// Whether elements are smaller than those of `other` or equal to them, as `bool`.
  public func lessOrEqual(to other: Tensor) -> Tensor { compared(.lessOrEqual, other) }

  /// Whether elements are larger than those of `other`, as `bool`.
  public func greater(than other: Tensor) -> Tensor { other.compared(.less, self) }

  /// Whether elements are larger than those of `other` or equal to them, as `bool`.
  public func greaterOrEqual(to other: Tensor) -> Tensor { other.compared(.lessOrEqual, self) }

  /// Whether elements are not a number, as `bool`.
  public func isNaN() -> Tensor { notEqual(to: self) }

  /// Whether elements are infinite, as `bool`.
  public func isInfinite() -> Tensor { abs() .== .infinity }

  /// Whether elements are neither infinite nor NaN, as `bool`.
  public func isFinite() -> Tensor { abs() .< .infinity }

  /// Whether any element is not 0 (or false), over the given dimensions or all; `bool`. Of nothing, none is.
  public func any(_ dimensions: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    (self .!= 0).sum(dimensions, keepingDimensions: keepingDimensions) .> 0
  }

  /// Whether no element is 0 (or false), over the given dimensions or all; `bool`. Of nothing, all are.
  public func all(_ dimensions: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    (self .== 0).sum(dimensions, keepingDimensions: keepingDimensions) .== 0
  }

  private func compared(_ operation: BinaryOperation, _ other: Tensor) -> Tensor {
    truth(operation, other).cast(to: .bool)
  }

  /// 1 where it is true and 0 elsewhere, of the type in which elements are compared.
  private func truth(_ operation: BinaryOperation, _ other: Tensor) -> Tensor {
    // Integers are compared as they are, also with a number that the type of a tensor could not hold.
    let (a, b) = Self.promoted(detached().widened, other.detached().widened)
    return a.combined(operation, b)
  }
}

// MARK: - Operators

extension Tensor {
  /// Whether elements are equal, as `bool`.
  public static func .== (a: Tensor, b: Tensor) -> Tensor { a.equal(to: b) }
  /// Whether elements equal a number, as `bool`.
  public static func .== (a: Tensor, b: Double) -> Tensor { a.equal(to: a.scalar(b)) }
  /// Whether elements differ, as `bool`.
  public static func .!= (a: Tensor, b: Tensor) -> Tensor { a.notEqual(to: b) }
  /// Whether elements differ from a number, as `bool`.
  public static func .!= (a: Tensor, b: Double) -> Tensor { a.notEqual(to: a.scalar(b)) }
  /// Whether elements are smaller, as `bool`.
  public static func .< (a: Tensor, b: Tensor) -> Tensor { a.less(than: b) }
  /// Whether elements are smaller than a number, as `bool`.
  public static func .< (a: Tensor, b: Double) -> Tensor { a.less(than: a.scalar(b)) }
  /// Whether elements are smaller or equal, as `bool`.
  public static func .<= (a: Tensor, b: Tensor) -> Tensor { a.lessOrEqual(to: b) }
  /// Whether elements are smaller than a number or equal to it, as `bool`.
  public static func .<= (a: Tensor, b: Double) -> Tensor { a.lessOrEqual(to: a.scalar(b)) }
  /// Whether elements are larger, as `bool`.
  public static func .> (a: Tensor, b: Tensor) -> Tensor { a.greater(than: b) }
  /// Whether elements are larger than a number, as `bool`.
  public static func .> (a: Tensor, b: Double) -> Tensor { a.greater(than: a.scalar(b)) }
  /// Whether elements are larger or equal, as `bool`.
  public static func .>= (a: Tensor, b: Tensor) -> Tensor { a.greaterOrEqual(to: b) }
  /// Whether elements are larger than a number or equal to it, as `bool`.
  public static func .>= (a: Tensor, b: Double) -> Tensor { a.greaterOrEqual(to: a.scalar(b)) }
}

// Taken for variables only: a number in an expression is a `Double`.
extension Tensor {
  /// Whether elements equal an integer, as `bool`.
  @_disfavoredOverload
  public static func .== (a: Tensor, b: Int) -> Tensor { a.equal(to: a.scalar(b)) }
  /// Whether elements differ from an integer, as `bool`.
  @_disfavoredOverload
  public static func .!= (a: Tensor, b: Int) -> Tensor { a.notEqual(to: a.scalar(b)) }
  /// Whether elements are smaller than an integer, as `bool`.
  @_disfavoredOverload
  public static func .< (a: Tensor, b: Int) -> Tensor { a.less(than: a.scalar(b)) }
  /// Whether elements are smaller than an integer or equal to it, as `bool`.
  @_disfavoredOverload
  public static func .<= (a: Tensor, b: Int) -> Tensor { a.lessOrEqual(to: a.scalar(b)) }
  /// Whether elements are larger than an integer, as `bool`.
  @_disfavoredOverload
  public static func .> (a: Tensor, b: Int) -> Tensor { a.greater(than: a.scalar(b)) }
  /// Whether elements are larger than an integer or equal to it, as `bool`.
  @_disfavoredOverload
  public static func .>= (a: Tensor, b: Int) -> Tensor { a.greaterOrEqual(to: a.scalar(b)) }
}
