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

  override var linearActivation: LinearActivation? { .gelu(approximation) }
}

/// x · sigmoid(x).
public final class SiLU: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.silu() }
}

/// log(1 + e^(βx)) / β, as `torch.nn.Softplus`.
public final class Softplus: Module, Layer {
  private let beta: Double
  private let threshold: Double

  /// A layer with the parameters of ``Tensor/softplus(beta:threshold:)``.
  public init(beta: Double = 1, threshold: Double = 20) {
    precondition(beta > 0, "Softplus with a beta of \(beta), which must be positive")
    (self.beta, self.threshold) = (beta, threshold)
  }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.softplus(beta: beta, threshold: threshold) }
}

/// log sigmoid(x).
public final class LogSigmoid: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.logSigmoid() }
}

/// x where it is positive, and α · (eˣ − 1) elsewhere.
public final class ELU: Module, Layer {
  private let alpha: Double

  /// A layer with PyTorch's default α.
  public init(alpha: Double = 1) { self.alpha = alpha }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.elu(alpha: alpha) }
}

/// ``ELU`` scaled such that mean 0 and variance 1 are kept.
public final class SELU: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.selu() }
}

/// x · min(max(x + 3, 0), 6) / 6.
public final class Hardswish: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.hardswish() }
}

/// x · tanh(softplus(x)).
public final class Mish: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.mish() }
}

/// min(max(x, 0), 6).
public final class ReLU6: Module, Layer {
  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.clamped(min: 0, max: 6) }
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
