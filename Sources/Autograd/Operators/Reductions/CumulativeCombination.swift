extension Tensor {
  /// The logarithms of the sums of the exponentials of the elements up to each along a dimension, as `torch.logcumsumexp`,
  /// which exist also where exponentials are too large or small to be numbers.
  public func cumulativeLogSumExp(_ dimension: Int) -> Tensor {
    requireFloatingPoint(for: "cumulativeLogSumExp")
    return accumulated(along: dimension) { Tensor.stacked([$0, $1]).logSumExp(0) }
  }

  /// The largest of the elements up to each along a dimension and its place there, that of the last where several are equal,
  /// as `torch.cummax`; NaN counts as largest.
  public func cumulativeMaximum(_ dimension: Int) -> (values: Tensor, indices: Tensor) {
    cumulativeExtremum(along: dimension) { $0 .>= $1 }
  }

  /// The smallest of the elements up to each along a dimension and its place there, that of the last where several are equal,
  /// as `torch.cummin`; NaN counts as smallest.
  public func cumulativeMinimum(_ dimension: Int) -> (values: Tensor, indices: Tensor) {
    cumulativeExtremum(along: dimension) { $0 .<= $1 }
  }

  private func cumulativeExtremum(
    along dimension: Int, _ replaces: (_ later: Tensor, _ earlier: Tensor) -> Tensor
  ) -> (values: Tensor, indices: Tensor) {
    let dimension = Shape.normalize(dimension, rank: rank)
    guard rank > 0 else { return (cloned(), .zeros([], dtype: .int64, device: device)) }
    var column = [Int](repeating: 1, count: rank)
    column[dimension] = shape[dimension]
    let x = detached()
    let places = Tensor.arange(shape[dimension], device: device).reshaped(column).expanded(to: shape)
    let indices = places.accumulated(along: dimension) { later, earlier in
      let (a, b) = (x.gathered(later, along: dimension), x.gathered(earlier, along: dimension))
      return .select((a .!= a) .| ((b .== b) .& replaces(a, b)), later, earlier)
    }
    return (gathered(indices, along: dimension), indices)
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
