import Foundation

extension RandomGenerator {
  /// A sample of the Poisson distribution, as `torch.poisson` draws it: by products of uniform samples where few are
  /// expected, and else by transformed rejection (W. Hörmann, "The transformed rejection method for generating Poisson
  /// random variables", Insurance: Mathematics and Economics 12, 1993).
  ///
  /// - Parameter rate: The mean, at least 0 and at most 2⁶²; anything else traps.
  public func poisson(rate: Double) -> Int {
    precondition((0...0x1p62).contains(rate), "Poisson distribution of rate \(rate), expected one from 0 to 2^62")
    guard rate > 0 else { return 0 }
    return rate < 10 ? fewEvents(rate) : manyEvents(rate)
  }

  private func fewEvents(_ rate: Double) -> Int {
    let limit = exp(-rate)
    var (count, product) = (0, unitDouble())
    while product > limit {
      count += 1
      product *= unitDouble()
    }
    return count
  }

  private func manyEvents(_ rate: Double) -> Int {
    let b = 0.931 + 2.53 * rate.squareRoot()
    let a = -0.059 + 0.02483 * b
    let inverseAlpha = 1.1239 + 1.1328 / (b - 3.4)
    let certain = 0.9277 - 3.6224 / (b - 2)
    while true {
      let u = unitDouble() - 0.5
      let v = unitDouble()
      let distance = 0.5 - abs(u)
      let count = ((2 * a / distance + b) * u + rate + 0.43).rounded(.down)
      if distance >= 0.07 && v <= certain { return Int(count) }
      if count < 0 || (distance < 0.013 && v > distance) { continue }
      let proposed = log(v) + log(inverseAlpha) - log(a / (distance * distance) + b)
      if proposed <= -rate + count * log(rate) - logarithmOfFactorial(count) { return Int(count) }
    }
  }

  private func logarithmOfFactorial(_ count: Double) -> Double {
    var sign: Int32 = 1
    return lgamma_r(count + 1, &sign)
  }
}
