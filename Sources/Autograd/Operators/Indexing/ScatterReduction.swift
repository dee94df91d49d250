/// What several values for one place become.
public enum ScatterReduction: Sendable {
  /// Their mean.
  case mean
  /// The largest, and NaN if there is any. Equal ones share its gradient.
  case maximum
  /// The smallest, and NaN if there is any. Equal ones share its gradient.
  case minimum
}

extension Tensor {
  /// This tensor with what the elements of `values` for each place come to, as `torch.scatter_reduce`; their sum is
  /// ``scatterAdded(_:at:along:)``. Places that no index names stay as they are.
  ///
  /// Values, indices and the dimension are those of ``scatterAdded(_:at:along:)``.
  ///
  /// - Parameters:
  ///   - reduction: What they become.
  ///   - includingSelf: Whether this tensor's element is one of them.
  public func scattered(
    _ values: Tensor, at indices: Tensor, along dimension: Int, by reduction: ScatterReduction,
    includingSelf: Bool = true
  ) -> Tensor {
    requireFloatingPoint(for: "scattered")
    let target = ScatterTarget(self, indices, along: dimension, operation: "scattered")
    requireSameDevice(values, for: "scattered")
    let values = target.covered(values), counts = target.counts(of: indices)
    switch reduction {
    case .mean:
      let own = includingSelf ? self : filled(with: 0, where: counts .> 0)
      let number = includingSelf ? counts + 1 : counts.clamped(min: 1)
      return own.scatterAdded(values, at: indices, along: dimension) / number.cast(to: dtype)
    case .maximum:
      return maxima(of: values, at: indices, along: target.dimension, isNamed: counts .> 0, includingSelf)
    case .minimum:
      return -(-self).maxima(of: -values, at: indices, along: target.dimension, isNamed: counts .> 0, includingSelf)
    }
  }

  /// The largest value for each place.
  private func maxima(
    of values: Tensor, at indices: Tensor, along dimension: Int, isNamed: Tensor, _ includingSelf: Bool
  ) -> Tensor {
    // The last of several values in order is the largest.
    let (ordered, origins) = values.detached().sorted(along: dimension)
    var largest = detached().scattered(ordered, at: indices.gathered(origins, along: dimension), along: dimension)
    if includingSelf { largest = largest.maximum(detached()) }
    let isOwn = includingSelf ? largest .== detached() : .!isNamed
    let isFound = largest.gathered(indices, along: dimension) .== values.detached()
    return largest.recorded(as: "ScatterReduceBackward0", from: [self, values], saving: [indices]) { gradient, inputs in
      let number = isOwn.cast(to: gradient.dtype).scatterAdded(
        isFound.cast(to: gradient.dtype), at: indices, along: dimension)
      let part = gradient / number
      inputs.add(0, part.filled(with: 0, where: .!isOwn))
      inputs.add(1, part.gathered(indices, along: dimension).filled(with: 0, where: .!isFound))
    }
  }
}
