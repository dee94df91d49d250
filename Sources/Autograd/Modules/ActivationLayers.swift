/// max(x, 0).
public final class ReLU: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.relu() }

  override var linearActivation: LinearActivation? { .relu }
}

/// 1 / (1 + e⁻ˣ).
public final class Sigmoid: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.sigmoid() }

  override var linearActivation: LinearActivation? { .sigmoid }
}

/// The hyperbolic tangent.
public final class Tanh: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.tanh() }

  override var linearActivation: LinearActivation? { .tanh }
}

/// x · Φ(x), with Φ the cumulative distribution of the standard normal.
public final class GELU: Module, Layer {
  private let approximation: GELUApproximation

  /// A layer that computes Φ exactly, unless an approximation is given.
  public init(approximation: GELUApproximation = .none) { self.approximation = approximation }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.gelu(approximation: approximation) }
}

/// x · sigmoid(x).
public final class SiLU: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.silu() }
}

/// log(1 + eˣ).
public final class Softplus: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.softplus() }
}

/// x where it is positive, and a fraction of it elsewhere.
public final class LeakyReLU: Module, Layer {
  private let negativeSlope: Double

  /// A layer with PyTorch's default slope.
  public init(negativeSlope: Double = 0.01) { self.negativeSlope = negativeSlope }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.leakyReLU(negativeSlope: negativeSlope) }
}

/// eˣ divided by its sum along a dimension.
public final class Softmax: Module, Layer {
  private let dimension: Int

  /// A layer whose results add up to 1 along `dimension`.
  public init(_ dimension: Int) { self.dimension = dimension }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.softmax(dimension) }
}

/// The logarithm of ``Softmax``.
public final class LogSoftmax: Module, Layer {
  private let dimension: Int

  /// A layer whose results' powers of e add up to 1 along `dimension`.
  public init(_ dimension: Int) { self.dimension = dimension }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.logSoftmax(dimension) }
}
