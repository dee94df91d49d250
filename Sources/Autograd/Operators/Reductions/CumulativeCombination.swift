extension Tensor {
  /// The logarithms of the sums of the exponentials of the elements up to each along a dimension, as `torch.logcumsumexp`,
  /// which exist also where exponentials are too large or small to be numbers.
  public func cumulativeLogSumExp(_ dimension: Int) -> Tensor {
    requireFloatingPoint(for: "cumulativeLogSumExp")
    return accumulated(along: dimension) { Tensor.stacked([$0, $1]).logSumExp(0) }
  }

  /// What an associative operation makes of the elements up to each along a dimension: of the results for half as many
  /// elements, log₂ n times for n elements.
  func accumulated(along dimension: Int, by combine: (Tensor, Tensor) -> Tensor) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    var results = cloned()
    guard rank > 0 else { return results }
    let size = shape[dimension]
    var length = 1
    while length < size {
      // Each is now of up to `length` elements, and is combined with that of as many before.
      let first = results.sliced(0..<length, along: dimension)
      let others = results.sliced(length..<size, along: dimension)
      let before = results.sliced(0..<size - length, along: dimension)
      results = .concatenated([first, combine(others, before)], dimension: dimension)
      length *= 2
    }
    return results
  }
}
