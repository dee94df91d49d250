extension Tensor {
  /// The products of the elements up to each along a dimension, as `torch.cumprod`; of `bool` and `uint8` as `int64`.
  ///
  /// Products are made of those of half as many elements, log₂ n times for n elements, so that the gradient, which is
  /// theirs, is right also where elements are 0.
  public func cumulativeProduct(_ dimension: Int) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    guard rank > 0 else { return widened.cloned() }
    let size = shape[dimension]
    var products = widened.cloned()
    var length = 1
    while length < size {
      // Each is now the product of up to `length` elements, and is multiplied by that of as many before.
      let first = products.sliced(0..<length, along: dimension)
      let others = products.sliced(length..<size, along: dimension)
      let before = products.sliced(0..<size - length, along: dimension)
      products = .concatenated([first, others * before], dimension: dimension)
      length *= 2
    }
    return products
  }
}
