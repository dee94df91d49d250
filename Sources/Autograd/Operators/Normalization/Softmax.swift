extension Tensor {
  /// eˣ divided by its sum along a dimension.
  public func softmax(_ dimension: Int) -> Tensor {
    requireFloatingPoint(for: "softmax")
    let y = normalizedPowers(along: dimension, isLogarithm: false)
    let saved = y.detached()
    return y.recorded(as: "SoftmaxBackward0", from: [self], saving: [y]) { gradient, inputs in
      guard isGradEnabled else {
        return inputs.give(0, gradient.powersGradient(from: saved, along: dimension, isLogarithm: false))
      }
      let y = inputs.output(saved)
      inputs.add(0, y * (gradient - (gradient * y).sum([dimension], keepingDimensions: true)))
    }
  }

  /// The logarithm of ``softmax(_:)``, without its loss of precision.
  public func logSoftmax(_ dimension: Int) -> Tensor {
    requireFloatingPoint(for: "logSoftmax")
    let y = normalizedPowers(along: dimension, isLogarithm: true)
    let saved = y.detached()
    return y.recorded(as: "LogSoftmaxBackward0", from: [self], saving: [y]) { gradient, inputs in
      guard isGradEnabled else {
        return inputs.give(0, gradient.powersGradient(from: saved, along: dimension, isLogarithm: true))
      }
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

  private func normalizedPowers(along dimension: Int, isLogarithm: Bool) -> Tensor {
    inColumnsOrRows(along: dimension) { x, extents, result in
      backend.softmax(x[0], extents: extents, isLogarithm: isLogarithm, into: result)
    }
  }

  /// The gradient of ``normalizedPowers(along:isLogarithm:)``, this being that of its result `y`.
  private func powersGradient(from y: Tensor, along dimension: Int, isLogarithm: Bool) -> Tensor {
    inColumnsOrRows(with: y, along: dimension) { x, extents, result in
      backend.softmaxGradient(x[0], of: x[1], extents: extents, isLogarithm: isLogarithm, into: result)
    }
  }

  /// What `body` writes along a dimension, which is moved to the end and back where it says that it cannot; no graph.
  private func inColumnsOrRows(
    with other: Tensor? = nil, along dimension: Int,
    _ body: (_ tensors: [Tensor], _ extents: ReductionExtents, _ result: Tensor) -> Bool
  ) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    let tensors = [detached()] + (other.map { [$0] } ?? [])
    let extents =
      rank == 0 ? ReductionExtents(outer: 1, reduced: 1, inner: 1) : .init(shape, over: dimension...dimension)
    let result = uninitializedLike()
    if body(tensors, extents, result) { return result }
    let rows = tensors.map { $0.transposed(dimension, -1) }
    let resultInRows = rows[0].uninitializedLike()
    let isDone = body(
      rows, .init(outer: extents.outer * extents.inner, reduced: extents.reduced, inner: 1), resultInRows)
    precondition(isDone, "softmax of rows is in every backend")
    return resultInRows.transposed(dimension, -1).detached()
  }

  /// The largest elements along a dimension, which is kept with size 1; −∞ if it is empty.
  private func maxima(along dimension: Int) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    let kept = Shape.reduced(shape, over: [dimension], keepingDimensions: true)
    guard rank == 0 || shape[dimension] > 0 else { return .full(kept, -.infinity, dtype: dtype, device: device) }
    return largest(along: dimension).values.reshaped(kept)
  }
}
