extension Tensor {
  /// Vectors along a dimension divided by their length, as `torch.nn.functional.normalize`: x / max(‖x‖, ε).
  ///
  /// - Parameters:
  ///   - dimension: Of the vectors.
  ///   - epsilon: ε, which keeps vectors of length 0 from a division by it; they stay 0.
  public func normalized(along dimension: Int = 1, epsilon: Double = 1e-12) -> Tensor {
    self / norm([dimension], keepingDimensions: true).clamped(min: epsilon)
  }

  /// The Euclidean distance of every vector of this tensor from every one of another, as `torch.cdist`; the slope is taken
  /// to be 0 where it is 0.
  ///
  /// Differences are squared and added up, for so many vectors at a time that they fit the processor's cache.
  ///
  /// - Parameter other: [..., m, d] for this tensor's [..., n, d]; the dimensions before are broadcast.
  /// - Returns: [..., n, m].
  public func pairwiseDistances(to other: Tensor) -> Tensor {
    precondition(
      rank >= 2 && other.rank >= 2 && shape[rank - 1] == other.shape[other.rank - 1],
      "pairwiseDistances from \(shape) to \(other.shape), expected [..., n, d] and [..., m, d]")
    let (x, y) = Self.promoted(self, other)
    x.requireFloatingPoint(for: "pairwiseDistances")
    x.requireSameDevice(y, for: "pairwiseDistances")
    let distances = x.detached().distances(to: y.detached())
    let saved = distances.detached()
    return distances.recorded(as: "CdistBackward0", from: [x, y], saving: [x, y, distances]) { gradient, inputs in
      let areEqual = saved .== 0
      let slopes = (gradient / inputs.output(saved).filled(with: 1, where: areEqual)).filled(with: 0, where: areEqual)
      let transposed = slopes.transposed()
      // From one of the vectors: sums over vectors that are far from the origin would lose the digits of differences.
      let origin = y.detached().sliced(0..<min(1, y.shape[y.rank - 2]), along: -2).sum([-2], keepingDimensions: true)
      let (a, b) = (x - origin, y - origin)
      inputs.add(0, (slopes.sum([-1], keepingDimensions: true) * a - slopes.matmul(b)).summed(to: x.shape))
      inputs.add(1, (transposed.sum([-1], keepingDimensions: true) * b - transposed.matmul(a)).summed(to: y.shape))
    }
  }

  private func distances(to other: Tensor) -> Tensor {
    let batch = Shape.broadcast(Array(shape.dropLast(2)), Array(other.shape.dropLast(2)))
    let result = Tensor(
      uninitialized: batch + [shape[rank - 2], other.shape[other.rank - 2]], dtype: dtype, device: device)
    let x = expanded(to: batch + shape.suffix(2)), y = other.expanded(to: batch + other.shape.suffix(2))
    if backend.distances(x, y, into: result) { return result }
    let others = other.unsqueezed(-3)
    let rowCount = max(1, (1 << 16) / max(1, Shape.count(batch) * other.shape[other.rank - 2] * shape[rank - 1]))
    let parts = split(rowCount, along: -2).map { rows in
      (rows.unsqueezed(-2) - others).pow(2).sum([-1]).sqrt()
    }
    return parts.count == 1 ? parts[0] : .concatenated(parts, dimension: -2)
  }
}
