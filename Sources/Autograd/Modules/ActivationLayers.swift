/// max(x, 0).
public final class ReLU: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.relu() }
}

/// 1 / (1 + e⁻ˣ).
public final class Sigmoid: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid() }
}
