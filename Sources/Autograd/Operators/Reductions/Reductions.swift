extension Tensor {
  /// The sum over the given dimensions (all if left out), accumulated in double precision; of `bool` and `uint8` as
  /// `int64`.
  ///
  /// An empty list names no dimension: `sum([])` is the tensor itself, where PyTorch takes `dim=[]` for all.
  public func sum(_ dimensions: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let dimensions = Shape.normalize(dimensions, rank: rank)
    let kept = Shape.reduced(shape, over: dimensions, keepingDimensions: true)
    let original = shape
    return widened.summedBlocks(dimensions)
      .part(shape: Shape.reduced(shape, over: dimensions, keepingDimensions: keepingDimensions))
      .recorded(as: dimensions.count == rank ? "SumBackward0" : "SumBackward1", from: [self]) { gradient, inputs in
        inputs.add(0, gradient.reshaped(kept).expanded(to: original))
      }
  }

  /// The arithmetic mean over the given dimensions (all if left out; none if the list is empty).
  public func mean(_ dimensions: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    requireFloatingPoint(for: "mean")
    let dimensions = Shape.normalize(dimensions, rank: rank)
    let number = dimensions.reduce(1) { $0 * shape[$1] }
    let kept = Shape.reduced(shape, over: dimensions, keepingDimensions: true)
    let original = shape
    let sum = summedBlocks(dimensions)
    let mean = sum.combined(.divide, sum.scalar(Double(number)))
      .part(shape: Shape.reduced(shape, over: dimensions, keepingDimensions: keepingDimensions))
      .recorded(as: dimensions.count == rank ? "MeanBackward0" : "MeanBackward1", from: [self]) { gradient, inputs in
        inputs.add(0, (gradient / Double(number)).reshaped(kept).expanded(to: original))
      }
    mean.isMean = rank > 0 && dimensions.count == rank
    return mean
  }

  /// The Euclidean norm over the given dimensions (all if left out), as `torch.linalg.vector_norm`; its slope is taken to
  /// be 0 where it is 0.
  public func norm(_ dimensions: [Int]? = nil, keepingDimensions: Bool = false) -> Tensor {
    let dimensions = Shape.normalize(dimensions, rank: rank)
    let kept = Shape.reduced(shape, over: dimensions, keepingDimensions: true)
    let norm =
      dimensions.count == rank && count > 0 && dtype.isFloatingPoint
      ? sumOfSquares().sqrt().cast(to: dtype).reshaped(keepingDimensions ? kept : [])
      : detached().pow(2).sum(dimensions, keepingDimensions: keepingDimensions).sqrt()
    let saved = norm.detached()
    return norm.recorded(as: "LinalgVectorNormBackward0", from: [self], saving: [self, norm]) { gradient, inputs in
      let slope = (gradient / inputs.output(saved)).filled(with: 0, where: saved .== 0)
      inputs.add(0, slope.reshaped(kept) * self)
    }
  }

  /// The sums over `dimensions` (ascending), each run of neighbouring ones at once, without a graph.
  private func summedBlocks(_ dimensions: [Int]) -> Tensor {
    var result = detached()
    var remaining = dimensions[...]
    while let last = remaining.popLast() {
      var first = last
      while remaining.last == first - 1 { first = remaining.removeLast() }
      let shape = result.shape
      let next = Tensor(
        uninitialized: Array(shape[..<first] + shape[(last + 1)...]), dtype: result.dtype, device: device)
      backend.sum(result, extents: ReductionExtents(shape, over: first...last), into: next)
      result = next
    }
    return dimensions.isEmpty ? result.ownedCopy() : result
  }
}
