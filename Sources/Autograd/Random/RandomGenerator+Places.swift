extension RandomGenerator {
  /// Draws of indices, each as likely as its weight is large, by a search in the running sums; as PyTorch's
  /// `multinomial` with replacement.
  func places<T: BinaryFloatingPoint>(_ count: Int, weights: ArraySlice<T>) -> [Int] {
    var sums: [T] = []
    var sum: T = 0
    for (index, weight) in weights.enumerated() {
      precondition(weight >= 0 && weight.isFinite, "multinomial: weight \(index) is \(weight)")
      sum += weight
      sums.append(sum)
    }
    precondition(sum > 0 && sum.isFinite, "multinomial: weights that add up to \(sum)")
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
}
