import Foundation

extension RandomGenerator {
  /// Draws of indices, each as likely as its weight is large, by a search in the running sums; as PyTorch's
  /// `multinomial` with replacement.
  func places<T: BinaryFloatingPoint>(_ count: Int, weights: ArraySlice<T>) -> [Int] {
    checkMultinomial(weights)
    var sums: [T] = []
    var sum: T = 0
    for weight in weights {
      sum += weight
      sums.append(sum)
    }
    for index in sums.indices { sums[index] /= sum }
    sums[sums.count - 1] = 1
    return (0..<count).map { _ in
      let drawn = unitDouble()
      var (low, high) = (0, sums.count)
      while low < high {
        let middle = low + (high - low) / 2
        if Double(sums[middle]) < drawn { low = middle + 1 } else { high = middle }
      }
      return low
    }
  }

  /// Draws of different indices: those of the largest weights, each divided by a draw of the exponential distribution, the
  /// largest first; as PyTorch's `multinomial` without replacement and of a single place.
  ///
  /// Source: P. Efraimidis, P. Spirakis, "Weighted random sampling with a reservoir", Information Processing Letters
  /// 97(5), 2006.
  func differentPlaces<T: BinaryFloatingPoint>(_ count: Int, weights: ArraySlice<T>) -> [Int] {
    checkMultinomial(weights)
    let possible = weights.count { $0 > 0 }
    precondition(
      count <= possible, "multinomial: \(count) different places by weights of which \(possible) are not 0")
    let keys = weights.map { weight in
      let exponential = T(-log1p(-unitDouble()))
      // Below that of any weight, which may be rounded to 0.
      return weight == 0 ? -1 : weight / exponential
    }
    if count == 1 { return [keys.indices.dropFirst().reduce(0) { keys[$1] > keys[$0] ? $1 : $0 }] }
    return Array(keys.indices.sorted { keys[$0] > keys[$1] }.prefix(count))
  }

  private func checkMultinomial<T: BinaryFloatingPoint>(_ weights: ArraySlice<T>) {
    for (index, weight) in weights.enumerated() {
      precondition(weight >= 0 && weight.isFinite, "multinomial: weight \(index) is \(weight)")
    }
    let sum = weights.reduce(0, +)
    precondition(sum > 0 && sum.isFinite, "multinomial: weights that add up to \(sum)")
  }
}
