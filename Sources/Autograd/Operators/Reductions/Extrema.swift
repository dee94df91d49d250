extension Tensor {
  /// The largest elements along a dimension and the places, `int64`, where they first occur; NaN counts as largest.
  ///
  /// The gradient goes to those places. The dimension must not be empty.
  public func maximum(along dimension: Int, keepingDimensions: Bool = false) -> (values: Tensor, indices: Tensor) {
    let dimension = Shape.normalize(dimension, rank: rank)
    return extremum(widened.largest(along: dimension).places, dimension, keepingDimensions, "MaxBackward0")
  }

  /// The smallest elements along a dimension and the places, `int64`, where they first occur; NaN counts as smallest.
  ///
  /// The gradient goes to those places. The dimension must not be empty.
  public func minimum(along dimension: Int, keepingDimensions: Bool = false) -> (values: Tensor, indices: Tensor) {
    let dimension = Shape.normalize(dimension, rank: rank)
    // Integers are reversed by −1 − x, which is one for each of them; the negative of the smallest is not.
    let reversed = dtype.isFloatingPoint ? -detached() : Tensor(-1) - widened
    return extremum(reversed.largest(along: dimension).places, dimension, keepingDimensions, "MinBackward0")
  }

  /// The largest of all elements, of which there must be one; where several are equal, they share the gradient.
  public func maximum() -> Tensor {
    soleExtremum(flattened().detached().maximum(along: 0).values, "MaxBackward1")
  }

  /// The smallest of all elements, of which there must be one; where several are equal, they share the gradient.
  public func minimum() -> Tensor {
    soleExtremum(flattened().detached().minimum(along: 0).values, "MinBackward1")
  }

  /// The place of the largest element along a dimension, as `int64`; the first one where several are equal.
  public func argmax(_ dimension: Int, keepingDimensions: Bool = false) -> Tensor {
    detached().maximum(along: dimension, keepingDimensions: keepingDimensions).indices
  }

  /// The place of the smallest element along a dimension, as `int64`; the first one where several are equal.
  public func argmin(_ dimension: Int, keepingDimensions: Bool = false) -> Tensor {
    detached().minimum(along: dimension, keepingDimensions: keepingDimensions).indices
  }

  /// The largest elements along a dimension and their places, with that dimension left out; no graph.
  func largest(along dimension: Int) -> (values: Tensor, places: Tensor) {
    precondition(
      rank == 0 || shape[dimension] > 0,
      "dimension \(dimension) of shape \(shape) is empty: it has neither largest nor smallest element")
    let rest = Shape.reduced(shape, over: [dimension], keepingDimensions: false)
    let values = Tensor(uninitialized: rest, dtype: dtype, device: device)
    let places = Tensor(uninitialized: rest, dtype: .int64, device: device)
    let extents =
      rank == 0 ? ReductionExtents(outer: 1, reduced: 1, inner: 1) : .init(shape, over: dimension...dimension)
    backend.maximum(self, extents: extents, into: values, places: places)
    return (values, places)
  }

  private func extremum(
    _ places: Tensor, _ dimension: Int, _ keepingDimensions: Bool, _ name: StaticString
  ) -> (values: Tensor, indices: Tensor) {
    let kept = Shape.reduced(shape, over: [dimension], keepingDimensions: true)
    let target = Shape.reduced(shape, over: [dimension], keepingDimensions: keepingDimensions)
    let (indices, original) = (places.reshaped(target), shape)
    guard rank > 0 else { return (cloned(), indices) }
    let chosen = IndexedPlaces(places, along: dimension, of: original, size: 1)
    let values = chosen.gather(from: detached(), as: name).reshaped(target)
    let recorded = values.recorded(as: name, from: [self], saving: [places]) { gradient, inputs in
      inputs.add(0, chosen.scatter(gradient.reshaped(kept)))
    }
    return (recorded, indices)
  }

  private func soleExtremum(_ value: Tensor, _ name: StaticString) -> Tensor {
    let saved = value.detached()
    return value.recorded(as: name, from: [self], saving: [self, value]) { gradient, inputs in
      let x = self.detached()
      let chosen = (saved.item().isNaN ? x .!= x : x .== saved).cast(to: gradient.dtype)
      inputs.add(0, gradient * (chosen / chosen.sum()))
    }
  }
}
