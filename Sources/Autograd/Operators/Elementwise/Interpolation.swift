extension Tensor {
  /// x + weight · (other − x), as `torch.lerp`; shapes are broadcast.
  ///
  /// - Parameters:
  ///   - other: What there is for a weight of 1.
  ///   - weight: 0 for this tensor, 1 for the other.
  public func interpolated(to other: Tensor, weight: Double) -> Tensor {
    requireFloatingPoint(for: "interpolated")
    // From the nearer end, so that a weight of 1 gives the other's elements exactly.
    return weight < 0.5 ? self + (other - self) * weight : other - (other - self) * (1 - weight)
  }

  /// The same with a weight for every element; shapes are broadcast.
  public func interpolated(to other: Tensor, weight: Tensor) -> Tensor {
    requireFloatingPoint(for: "interpolated")
    return .select(weight .< 0.5, self + (other - self) * weight, other - (other - self) * (1 - weight))
  }

  /// Replaces the elements by those of ``interpolated(to:weight:)``, as a running mean of parameters does.
  ///
  /// - Throws: ``AutogradError`` where ``copyElements(from:)`` would.
  public func interpolate(to other: Tensor, weight: Double) throws {
    try copyElements(from: interpolated(to: other, weight: weight))
  }
}
