import Foundation

/// How a draw x moves with a parameter of its distribution when the probability of smaller draws is kept: minus the slope
/// of that probability with the parameter, divided by the density (M. Figurnov et al., arXiv:1805.08498; M. Jankowiak and
/// F. Obermeyer, arXiv:1806.01851). To nearly all digits of double precision, where PyTorch has two to four.
enum PathwiseSlope {
  /// Of a draw of the gamma distribution of scale 1 with its concentration.
  ///
  /// - Parameter digammaOfNext: ψ(concentration + 1).
  static func gamma(_ x: Double, concentration: Double, digammaOfNext: Double) -> Double {
    guard x > 0 else { return 0 }
    if concentration > 1e6 { return nearlyNormalGamma(x, concentration) }
    // By the incomplete gamma function's series below the mean, and its continued fraction above (W. Press et al.,
    // "Numerical Recipes", section 6.2), whose factors xᵃ · e⁻ˣ / Γ(a) are those of the density.
    guard x < concentration + 1 else {
      let a = NumberWithSlope(concentration, slope: 1)
      let tail = NumberWithSlope.continuedFraction(from: NumberWithSlope(x + 1) - a) { n in
        ((a + -n) * n, NumberWithSlope(x + 1 + 2 * n) - a)
      }
      return x * ((log(x) - digammaOfNext + 1 / concentration) * tail.value + tail.slope)
    }
    var (term, harmonic, sum, slope) = (1.0, 0.0, 1.0, 0.0)
    var divisor = concentration
    while term * (1 + harmonic) > 0x1p-56 * sum {
      divisor += 1
      term *= x / divisor
      harmonic += 1 / divisor
      sum += term
      slope += term * harmonic
    }
    return x / concentration * (slope - (log(x) - digammaOfNext) * sum)
  }

  /// Of the draw's expansion by a normal one (E. Cornish, R. Fisher, "Moments and cumulants in the specification of
  /// distributions", 1938), with an error of the size of 1 / concentration².
  private static func nearlyNormalGamma(_ x: Double, _ concentration: Double) -> Double {
    let deviation = concentration.squareRoot()
    let z = (x - concentration) / deviation
    return 1 + (z / 2 - ((z * z - 1) / 6 - z * (z * z + 1) / (12 * deviation)) / deviation) / deviation
  }

  /// Of a draw of the beta distribution with its first concentration, divided by 1 − x.
  ///
  /// - Parameters:
  ///   - digamma: ψ(first).
  ///   - digammaOfSum: ψ(first + second).
  static func beta(_ x: Double, first: Double, second: Double, digamma: Double, digammaOfSum: Double) -> Double {
    guard x > 0, second > 0 else { return 0 }
    let change = log(x) - digamma + digammaOfSum
    guard x * (first + second + 2) < first + 1 else {
      let f = betaFraction(NumberWithSlope(second), NumberWithSlope(first, slope: 1), 1 - x)
      return x / second * (change * f.value + f.slope)
    }
    let f = betaFraction(NumberWithSlope(first, slope: 1), NumberWithSlope(second), x)
    return -x / first * ((change - 1 / first) * f.value + f.slope)
  }

  /// The incomplete beta function's continued fraction ("Numerical Recipes", section 6.4): the probability of draws below x
  /// is xᵃ · (1 − x)ᵇ / (a · B(a, b)) times this.
  private static func betaFraction(_ a: NumberWithSlope, _ b: NumberWithSlope, _ x: Double) -> NumberWithSlope {
    .continuedFraction(from: NumberWithSlope(1)) { n in
      let m = (n / 2).rounded(.down)
      let part =
        n.truncatingRemainder(dividingBy: 2) == 0
        ? (b + -m) * m / ((a + (2 * m - 1)) * (a + 2 * m))
        : (a + m) * (a + b + m) * -1 / ((a + 2 * m) * (a + (2 * m + 1)))
      return (part * x, NumberWithSlope(1))
    }
  }
}
