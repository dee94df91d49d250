/// A number that depends on another, with its slope: arithmetic gives the slopes of results.
struct NumberWithSlope {
  var value: Double
  var slope: Double

  init(_ value: Double, slope: Double = 0) { (self.value, self.slope) = (value, slope) }

  static func + (a: Self, b: Self) -> Self { Self(a.value + b.value, slope: a.slope + b.slope) }
  static func - (a: Self, b: Self) -> Self { Self(a.value - b.value, slope: a.slope - b.slope) }
  static func * (a: Self, b: Self) -> Self {
    Self(a.value * b.value, slope: a.slope * b.value + a.value * b.slope)
  }
  static func / (a: Self, b: Self) -> Self {
    let quotient = a.value / b.value
    return Self(quotient, slope: (a.slope - quotient * b.slope) / b.value)
  }

  static func + (a: Self, b: Double) -> Self { Self(a.value + b, slope: a.slope) }
  static func * (a: Self, b: Double) -> Self { Self(a.value * b, slope: a.slope * b) }

  /// The continued fraction first / (b₀ + a₁ / (b₁ + a₂ / (b₂ + …))), by the method of W. Lentz (Applied Optics 15, 1976).
  ///
  /// - Parameter parts: aₙ and bₙ for n from 1 on, which is asked for until they change nothing.
  static func continuedFraction(from b: Self, _ parts: (Double) -> (a: Self, b: Self)) -> Self {
    var d = Self(1) / b
    var c = Self(.infinity)
    var result = d
    for n in 1...100_000 {
      let (a, b) = parts(Double(n))
      d = Self(1) / (b + a * d)
      c = b + a / c
      let factor = c * d
      result = result * factor
      if abs(factor.value - 1) + abs(factor.slope) < 0x1p-50 { break }
    }
    return result
  }
}
