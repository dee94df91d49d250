extension Tensor {
  /// The products of the elements up to each along a dimension, as `torch.cumprod`, accumulated in double precision on the
  /// processor; of `bool` and `uint8` as `int64`. The gradient is right also where elements are 0.
  public func cumulativeProduct(_ dimension: Int) -> Tensor {
    let (x, dimension) = (widened, Shape.normalize(dimension, rank: rank))
    guard rank > 0 else { return x.cloned() }
    let products = x.detached().products(along: dimension)
    let saved = products.detached()
    return products.recorded(as: "CumprodBackward0", from: [x], saving: [x, products]) { gradient, inputs in
      let y = inputs.output(saved)
      if !isGradEnabled {
        let result = x.uninitializedLike()
        let extents = ReductionExtents(x.shape, over: dimension...dimension)
        if x.backend.cumulativeProductGradient(gradient, of: x, products: y, extents: extents, into: result) {
          return inputs.add(0, result)
        }
      }
      // Of the sums of the products of later gradients with the elements between: sᵢ = gᵢ + xᵢ₊₁ · sᵢ₊₁.
      let sums = gradient.sumsFromEnd(times: x.moved(by: -1, along: dimension, filling: 0), along: dimension)
      inputs.add(0, sums * y.moved(by: 1, along: dimension, filling: 1))
    }
  }

  private func products(along dimension: Int) -> Tensor {
    let result = uninitializedLike()
    let extents = ReductionExtents(shape, over: dimension...dimension)
    return backend.cumulativeProduct(self, extents: extents, into: result)
      ? result : accumulated(along: dimension) { $0 * $1 }
  }

  /// s with sᵢ = self[i] + factors[i] · sᵢ₊₁, made of those of half as many elements, log₂ n times for n elements.
  private func sumsFromEnd(times factors: Tensor, along dimension: Int) -> Tensor {
    var (sums, factors, length) = (self, factors, 1)
    while length < shape[dimension] {
      sums = sums + factors * sums.moved(by: -length, along: dimension, filling: 0)
      factors = factors * factors.moved(by: -length, along: dimension, filling: 0)
      length *= 2
    }
    return sums
  }

  /// Every element so many places farther along a dimension; what goes beyond an end is lost, and a number takes the
  /// places that are left.
  private func moved(by places: Int, along dimension: Int, filling value: Double) -> Tensor {
    let size = shape[dimension]
    var rest = shape
    rest[dimension] = min(Int(places.magnitude), size)
    let filling = Tensor.full(rest, value, dtype: dtype, device: device)
    return places > 0
      ? .concatenated([filling, sliced(0..<max(0, size - places), along: dimension)], dimension: dimension)
      : .concatenated([sliced(min(-places, size)..<size, along: dimension), filling], dimension: dimension)
  }
}
