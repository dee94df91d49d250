extension Tensor {
  /// The mean square distance of elements from their mean over the given dimensions (all if left out).
  ///
  /// - Parameter unbiased: Whether the sum of squares is divided by the number of elements − 1 (Bessel's correction)
  ///   rather than by their number. A single element then has no variance: the result is NaN.
  public func variance(_ dimensions: [Int]? = nil, unbiased: Bool = true, keepingDimensions: Bool = false) -> Tensor {
    let dimensions = Shape.normalize(dimensions, rank: rank)
    let divisor = varianceDivisor(dimensions, unbiased)
    return detached().meanSquareDeviation(dimensions, divisor, keepingDimensions)
      .recorded(as: "VarBackward0", from: [self], saving: [self]) { gradient, inputs in
        inputs.add(0, self.varianceGradient(gradient, dimensions, divisor))
      }
  }

  /// The square root of ``variance(_:unbiased:keepingDimensions:)``; its slope is taken to be 0 where it is 0.
  public func standardDeviation(
    _ dimensions: [Int]? = nil, unbiased: Bool = true, keepingDimensions: Bool = false
  ) -> Tensor {
    let dimensions = Shape.normalize(dimensions, rank: rank)
    let divisor = varianceDivisor(dimensions, unbiased)
    let deviation = detached().meanSquareDeviation(dimensions, divisor, keepingDimensions).mapped(.squareRoot)
    let saved = deviation.detached()
    return deviation.recorded(as: "StdBackward0", from: [self], saving: [self, deviation]) { gradient, inputs in
      let slope = (gradient / (2 * inputs.output(saved))).filled(with: 0, where: saved .== 0)
      inputs.add(0, self.varianceGradient(slope, dimensions, divisor))
    }
  }

  private func varianceDivisor(_ dimensions: [Int], _ unbiased: Bool) -> Double {
    precondition(dtype.isFloatingPoint, "variance is not defined for tensors of \(dtype); cast to float32 first")
    return Double(max(dimensions.reduce(1) { $0 * shape[$1] } - (unbiased ? 1 : 0), 0))
  }

  private func meanSquareDeviation(_ dimensions: [Int], _ divisor: Double, _ keepingDimensions: Bool) -> Tensor {
    let distance = combined(.subtract, mean(dimensions, keepingDimensions: true))
    return distance.mapped(.square).sum(dimensions, keepingDimensions: keepingDimensions) / divisor
  }

  private func varianceGradient(_ gradient: Tensor, _ dimensions: [Int], _ divisor: Double) -> Tensor {
    let kept = Shape.reduced(shape, over: dimensions, keepingDimensions: true)
    return gradient.reshaped(kept) * (2 / divisor) * (self - mean(dimensions, keepingDimensions: true))
  }
}
