extension Tensor {
  /// eˣ divided by its sum along a dimension.
  public func softmax(_ dimension: Int) -> Tensor {
    requireFloatingPoint(for: "softmax")
    let x = detached()
    let powers = x.combined(.subtract, x.maxima(along: dimension)).mapped(.exponential)
    let y = powers.combined(.divide, powers.sum([dimension], keepingDimensions: true))
    let saved = y.detached()
    return y.recorded(as: "SoftmaxBackward0", from: [self], saving: [y]) { gradient, inputs in
      let y = inputs.output(saved)
      inputs.add(0, y * (gradient - (gradient * y).sum([dimension], keepingDimensions: true)))
    }
  }

  /// The logarithm of ``softmax(_:)``, without its loss of precision.
  public func logSoftmax(_ dimension: Int) -> Tensor {
    requireFloatingPoint(for: "logSoftmax")
    let x = detached()
    let shifted = x.combined(.subtract, x.maxima(along: dimension))
    let y = shifted.combined(
      .subtract, shifted.mapped(.exponential).sum([dimension], keepingDimensions: true).mapped(.logarithm))
    let saved = y.detached()
    return y.recorded(as: "LogSoftmaxBackward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(0, gradient - inputs.output(saved).exp() * gradient.sum([dimension], keepingDimensions: true))
    }
  }

  /// log Σ eˣ along a dimension, without overflow.
  public func logSumExp(_ dimension: Int, keepingDimensions: Bool = false) -> Tensor {
    requireFloatingPoint(for: "logSumExp")
    let x = detached()
    // An infinite maximum would make the differences NaN where the result is infinite.
    let shift = x.maxima(along: dimension).mapped(.zeroIfInfinite)
    let sum = x.combined(.subtract, shift).mapped(.exponential).sum([dimension], keepingDimensions: true)
    let y = sum.mapped(.logarithm).combined(.add, shift)
    let kept = y.shape
    let saved = y.detached()
    let rest = Shape.reduced(
      shape, over: [Shape.normalize(dimension, rank: rank)], keepingDimensions: keepingDimensions)
    return y.reshaped(rest).recorded(as: "LogsumexpBackward0", from: [self], saving: [self, y]) { gradient, inputs in
      let y = isGradEnabled ? inputs.output(saved.reshaped(rest)).reshaped(kept) : saved
      inputs.add(0, gradient.reshaped(kept) * (self - y).exp())
    }
  }

  /// The largest elements along a dimension, which is kept with size 1; −∞ if it is empty.
  private func maxima(along dimension: Int) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    let kept = Shape.reduced(shape, over: [dimension], keepingDimensions: true)
    guard rank == 0 || shape[dimension] > 0 else { return .full(kept, -.infinity, dtype: dtype, device: device) }
    return largest(along: dimension).values.reshaped(kept)
  }
}
