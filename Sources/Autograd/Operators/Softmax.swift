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
    inRows(along: dimension) { rows, columns in
      let result = rows[0].uninitializedLike()
      backend.softmax(rows[0], columns: columns, isLogarithm: isLogarithm, into: result)
      return result
    }
  }

  /// The gradient of ``normalizedPowers(along:isLogarithm:)``, this being that of its result `y`.
  private func powersGradient(from y: Tensor, along dimension: Int, isLogarithm: Bool) -> Tensor {
    inRows(with: y, along: dimension) { rows, columns in
      let result = rows[0].uninitializedLike()
      backend.softmaxGradient(rows[0], of: rows[1], columns: columns, isLogarithm: isLogarithm, into: result)
      return result
    }
  }

  /// What `body` makes of rows along a dimension, for which that is moved to the end and back; no graph.
  private func inRows(
    with other: Tensor? = nil, along dimension: Int, _ body: (_ rows: [Tensor], _ columns: Int) -> Tensor
  ) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    let tensors = [detached()] + (other.map { [$0] } ?? [])
    guard rank > 0 else { return body(tensors, 1) }
    let inner = Shape.count(Array(shape[(dimension + 1)...]))
    guard inner != 1 else { return body(tensors, shape[dimension]) }
    let result = body(tensors.map { $0.transposed(dimension, -1) }, shape[dimension])
    return result.transposed(dimension, -1).detached()
  }

  /// The largest elements along a dimension, which is kept with size 1; −∞ if it is empty.
  private func maxima(along dimension: Int) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    let kept = Shape.reduced(shape, over: [dimension], keepingDimensions: true)
    guard rank == 0 || shape[dimension] > 0 else { return .full(kept, -.infinity, dtype: dtype, device: device) }
    return largest(along: dimension).values.reshaped(kept)
  }
}
