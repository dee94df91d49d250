import Foundation

/// The Box–Muller transform of blocks of 16: from u₁ (the first half) and u₂ (the second), uniform on [0, 1), to
/// √(−2 ln(1 − u₁)) · cos(2π u₂) and √(−2 ln(1 − u₁)) · sin(2π u₂).
///
/// Source: G. Box, M. Muller, "A Note on the Generation of Random Normal Deviates", Ann. Math. Stat. 29(2), 1958. The
/// single-precision logarithm, sine and cosine are the polynomials of S. Moshier's Cephes library (logf, sinf, cosf),
/// with products and sums fused where PyTorch's AVX2 kernel fuses them: the samples are equal bit for bit.
enum BoxMuller {
  static let blockCount = 16
  private typealias Vector = SIMD8<Float>

  static func transform(_ block: UnsafeMutablePointer<Float>, mean: Float, standardDeviation: Float) {
    let bytes = UnsafeMutableRawPointer(block)
    let half = MemoryLayout<Vector>.size
    let first = bytes.loadUnaligned(as: Vector.self)
    let second = bytes.loadUnaligned(fromByteOffset: half, as: Vector.self)
    let radius = (-2 * logarithm(1 - first)).squareRoot()
    let (sine, cosine) = sineAndCosine(6.283185307179586 * second)
    let means = Vector(repeating: mean)
    bytes.storeBytes(of: means.addingProduct(radius * cosine, standardDeviation), as: Vector.self)
    bytes.storeBytes(
      of: means.addingProduct(radius * sine, standardDeviation), toByteOffset: half, as: Vector.self)
  }

  static func transform(_ block: UnsafeMutablePointer<Double>, mean: Double, standardDeviation: Double) {
    for index in 0..<blockCount / 2 {
      let radius = (-2 * log(1 - block[index])).squareRoot()
      let angle = 2 * Double.pi * block[index + blockCount / 2]
      block[index] = mean.addingProduct(radius * cos(angle), standardDeviation)
      block[index + blockCount / 2] = mean.addingProduct(radius * sin(angle), standardDeviation)
    }
  }

  /// The logarithm of a positive, normal number 2ᵉ·m with m in [√½, √2): that of 2ᵉ and a polynomial in m − 1.
  private static func logarithm(_ number: Vector) -> Vector {
    let bits = unsafeBitCast(number, to: SIMD8<Int32>.self)
    let fraction = unsafeBitCast((bits & 0x007f_ffff) | 0x3f00_0000, to: Vector.self)
    let isSmall = fraction .< 0.70710678118654752
    let exponent = Vector((bits &>> 23) &- 126) - Vector.zero.replacing(with: 1, where: isSmall)
    let x = (fraction - 1) + Vector.zero.replacing(with: fraction, where: isSmall)
    let square = x * x
    var sum = Vector(repeating: 7.0376836292e-2)
    sum = Vector(repeating: -1.1514610310e-1).addingProduct(sum, x)
    sum = Vector(repeating: 1.1676998740e-1).addingProduct(sum, x)
    sum = Vector(repeating: -1.2420140846e-1).addingProduct(sum, x)
    sum = Vector(repeating: 1.4249322787e-1).addingProduct(sum, x)
    sum = Vector(repeating: -1.6668057665e-1).addingProduct(sum, x)
    sum = Vector(repeating: 2.0000714765e-1).addingProduct(sum, x)
    sum = Vector(repeating: -2.4999993993e-1).addingProduct(sum, x)
    sum = Vector(repeating: 3.3333331174e-1).addingProduct(sum, x)
    sum = (exponent * -2.12194440e-4).addingProduct(sum * x, square)
    sum -= square * 0.5
    return (x + sum).addingProduct(exponent, 0.693359375)
  }

  /// Sine and cosine of an angle of [0, 2π]: the even multiple of π/4 next to it is taken off in three parts, and the
  /// polynomials of the rest change places and signs with the quadrant.
  private static func sineAndCosine(_ angle: Vector) -> (sine: Vector, cosine: Vector) {
    let octant = (SIMD8<Int32>(angle * 1.27323954473516, rounding: .towardZero) &+ 1) & ~1
    let multiple = Vector(octant)
    let x = angle.addingProduct(multiple, -0.78515625).addingProduct(multiple, -2.4187564849853515625e-4)
      .addingProduct(multiple, -3.77489497744594108e-8)
    let square = x * x

    var even = Vector(repeating: 2.443315711809948e-5)
    even = Vector(repeating: -1.388731625493765e-3).addingProduct(even, square)
    even = Vector(repeating: 4.166664568298827e-2).addingProduct(even, square)
    even = (square * -0.5).addingProduct(even * square, square) + 1

    var odd = Vector(repeating: -1.9515295891e-4)
    odd = Vector(repeating: 8.3321608736e-3).addingProduct(odd, square)
    odd = Vector(repeating: -1.6666654611e-1).addingProduct(odd, square)
    odd = x.addingProduct(odd * square, x)

    let isSwapped = (octant & 2) .!= 0
    let sine = odd.replacing(with: even, where: isSwapped)
    let cosine = even.replacing(with: odd, where: isSwapped)
    return (
      sine.replacing(with: -sine, where: (octant & 4) .!= 0),
      cosine.replacing(with: -cosine, where: ((octant &+ 2) & 4) .!= 0)
    )
  }
}
