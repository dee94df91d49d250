extension Tensor {
  /// The mean square distance of elements from their mean over the given dimensions (all if left out).
  ///
  /// - Parameter unbiased: Whether the sum of squares is divided by the number of elements − 1 (Bessel's correction)
  ///   rather than by their number. A single element then has no variance: the result is NaN.
  public func variance(_ dimensions: [Int]? = nil, unbiased: Bool = true, keepingDimensions: Bool = false) -> Tensor {
    let dimensions = Shape.normalize(dimensions, rank: rank)
    let divisor = varianceDivisor(dimensions, unbiased)
    let (mean, variance) = moments(dimensions, divisor, keepingDimensions)
    return variance.recorded(as: "VarBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, self.varianceGradient(gradient, mean, dimensions, divisor))
    }
  }

  /// The square root of ``variance(_:unbiased:keepingDimensions:)``; its slope is taken to be 0 where it is 0.
  public func standardDeviation(
    _ dimensions: [Int]? = nil, unbiased: Bool = true, keepingDimensions: Bool = false
  ) -> Tensor {
    let dimensions = Shape.normalize(dimensions, rank: rank)
    let divisor = varianceDivisor(dimensions, unbiased)
    let (mean, variance) = moments(dimensions, divisor, keepingDimensions)
    let deviation = variance.mapped(.squareRoot)
    let saved = deviation.detached()
    return deviation.recorded(as: "StdBackward0", from: [self], saving: [self, deviation]) { gradient, inputs in
      let slope = (gradient / (2 * inputs.output(saved))).filled(with: 0, where: saved .== 0)
      inputs.add(0, self.varianceGradient(slope, mean, dimensions, divisor))
    }
  }

  private func varianceDivisor(_ dimensions: [Int], _ unbiased: Bool) -> Double {
    requireFloatingPoint(for: "variance")
    return Double(max(dimensions.reduce(1) { $0 * shape[$1] } - (unbiased ? 1 : 0), 0))
  }

  /// Mean, with its dimensions kept, and sum of squares around it over `divisor`, both added up in double precision; no
  /// graph.
  private func moments(
    _ dimensions: [Int], _ divisor: Double, _ keepingDimensions: Bool
  ) -> (mean: Tensor, variance: Tensor) {
    let (x, extents) = detached().grouped(over: dimensions)
    let mean = Tensor(uninitialized: [extents.groups], dtype: dtype, device: device)
    let variance = Tensor(uninitialized: [extents.groups], dtype: dtype, device: device)
    backend.moments(x, extents, mean: mean, variance: variance, followedBy: nil)
    let elements = Double(extents.outer * extents.inner)
    let scaled = divisor == elements ? variance : variance.combined(.multiply, scalar(elements / divisor))
    return (
      mean.reshaped(Shape.reduced(shape, over: dimensions, keepingDimensions: true)),
      scaled.reshaped(Shape.reduced(shape, over: dimensions, keepingDimensions: keepingDimensions))
    )
  }

  /// This tensor as [outer, groups, inner] with one group for each place of the dimensions that are not given; a copy
  /// where they are not neighbours.
  private func grouped(over dimensions: [Int]) -> (Tensor, GroupExtents) {
    let kept = (0..<rank).filter { !dimensions.contains($0) }
    let (first, end) = (kept.first ?? 0, (kept.last ?? -1) + 1)
    guard end - first == kept.count else {
      let x = permuted(kept + dimensions)
      let groups = Shape.count(kept.map { shape[$0] })
      return (x, GroupExtents(outer: 1, groups: groups, inner: Shape.count(dimensions.map { shape[$0] })))
    }
    return (
      self,
      GroupExtents(
        outer: Shape.count(Array(shape[..<first])), groups: Shape.count(Array(shape[first..<end])),
        inner: Shape.count(Array(shape[end...])))
    )
  }

  private func varianceGradient(
    _ gradient: Tensor, _ mean: Tensor, _ dimensions: [Int], _ divisor: Double
  ) -> Tensor {
    let mean = isGradEnabled ? self.mean(dimensions, keepingDimensions: true) : mean
    return gradient.reshaped(mean.shape) * (2 / divisor) * (self - mean)
  }
}
