import Foundation

extension RandomGenerator {
  /// A sample of the gamma distribution of scale 1 (G. Marsaglia, W. Tsang, "A simple method for generating gamma variables",
  /// ACM Transactions on Mathematical Software 26, 2000).
  ///
  /// The stream is used as by PyTorch, whose samples are the same to about the digits of single precision.
  ///
  /// - Parameter concentration: The shape parameter, which is the mean, at least 0; anything else traps.
  public func gamma(concentration: Double) -> Double {
    precondition(
      concentration >= 0 && concentration.isFinite,
      "gamma distribution of concentration \(concentration), expected a number from 0 on")
    guard concentration > 0 else { return 0 }
    // Below 1 few samples would be accepted.
    let isSmall = concentration < 1
    let factor = isSmall ? pow(1 - unitDouble(), 1 / concentration) : 1
    let d = concentration + (isSmall ? 1 : 0) - 1.0 / 3
    let c = 1 / (9 * d).squareRoot()
    while true {
      let (normal, root) = positiveRoot(c)
      let v = root * root * root
      let u = 1 - unitDouble()
      let square = normal * normal
      if u < 1 - 0.0331 * square * square || log(u) < 0.5 * square + d * (1 - v + log(v)) { return factor * d * v }
    }
  }

  /// A normal sample x for which 1 + c · x is positive, and that.
  private func positiveRoot(_ c: Double) -> (normal: Double, root: Double) {
    while true {
      let normal = standardNormal()
      let root = 1 + c * normal
      if root > 0 { return (normal, root) }
    }
  }
}
