extension Tensor {
  /// The elements in order along a dimension, and the places, `int64`, they came from, as `torch.sort`.
  ///
  /// Equal elements keep their order, also when descending; NaN counts as largest.
  public func sorted(along dimension: Int = -1, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
    ordered(along: dimension, descending: descending, keeping: nil, "SortBackward0")
  }

  /// The `count` largest elements along a dimension, the largest first, and the places, `int64`, they came from.
  public func topK(_ count: Int, along dimension: Int = -1) -> (values: Tensor, indices: Tensor) {
    ordered(along: dimension, descending: true, keeping: count, "TopkBackward0")
  }

  /// The sums of the elements up to each along a dimension, accumulated in double precision; of `bool` and `uint8` as
  /// `int64`.
  public func cumulativeSum(_ dimension: Int) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    return rank == 0 ? widened.cloned() : widened.accumulated(along: dimension, reversed: false)
  }

  private func accumulated(along dimension: Int, reversed: Bool) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: dtype, device: device)
    backend.cumulativeSum(
      self, extents: ReductionExtents(shape, over: dimension...dimension), reversed: reversed, into: result)
    return result.recorded(as: "CumsumBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, gradient.accumulated(along: dimension, reversed: !reversed))
    }
  }

  private func ordered(
    along dimension: Int, descending: Bool, keeping count: Int?, _ name: StaticString
  ) -> (values: Tensor, indices: Tensor) {
    precondition(rank > 0, "a tensor without dimensions has no order")
    let dimension = Shape.normalize(dimension, rank: rank)
    let size = shape[dimension]
    precondition(
      count.map { (0...size).contains($0) } ?? true,
      "topK(\(count ?? 0)) along dimension \(dimension) of shape \(shape)")
    let places = places(along: dimension, descending: descending, keeping: count ?? size)
    let values = IndexedPlaces(places, along: dimension, of: shape, size: count ?? size).gather(from: self, as: name)
    return (values, places)
  }

  /// The places of the first elements in order along a dimension.
  private func places(along dimension: Int, descending: Bool, keeping count: Int) -> Tensor {
    let (x, extents) = (widened, ReductionExtents(shape, over: dimension...dimension))
    if descending && count > 0 && count < extents.reduced {
      var kept = shape
      kept[dimension] = count
      let places = Tensor(uninitialized: kept, dtype: .int64, device: device)
      if backend.largestPlaces(x, extents: extents, count: count, into: places) { return places }
    }
    let places = Tensor(uninitialized: shape, dtype: .int64, device: device)
    backend.sortingPlaces(x, extents: extents, descending: descending, into: places)
    return places.sliced(0..<count, along: dimension)
  }
}
