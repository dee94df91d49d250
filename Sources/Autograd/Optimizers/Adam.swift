import Foundation

/// Adaptive moment estimation, as `torch.optim.Adam`.
public typealias Adam = ParameterOptimizer<AdamRule>

/// For each parameter w with gradient g, at step t (D. Kingma, J. Ba, arXiv:1412.6980):
///
///     g ← g + λ · w
///     m ← β₁ · m + (1 − β₁) · g
///     v ← β₂ · v + (1 − β₂) · g²
///     w ← w − γ / (1 − β₁ᵗ) · m / (√(v / (1 − β₂ᵗ)) + ε)
public struct AdamRule: UpdateRule {
  /// γ.
  public var learningRate: Double
  /// β₁.
  public var beta1: Double
  /// β₂.
  public var beta2: Double
  /// ε.
  public var epsilon: Double
  /// λ.
  public var weightDecay: Double

  /// Numbers with PyTorch's defaults; a negative one traps, and so does a β of 1 or more.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0
  ) {
    Self.require(learningRate, "learningRate")
    Self.require(beta1, below: 1, "beta1")
    Self.require(beta2, below: 1, "beta2")
    Self.require(epsilon, "epsilon")
    Self.require(weightDecay, "weightDecay")
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The moments m and v.
  public var stateNames: [String] { ["exp_avg", "exp_avg_sq"] }

  /// Updates the parameter and both moments in one pass.
  public func apply(_ update: ParameterUpdate) { apply(update, shrinkage: 1) }

  /// The step after the weights have been multiplied by `shrinkage`.
  fileprivate func apply(_ update: ParameterUpdate, shrinkage: Double) {
    let step = Double(update.step)
    update.parameter.backend.adamStep(
      AdamStep(
        rate: learningRate / (1 - pow(beta1, step)), correction: (1 - pow(beta2, step)).squareRoot(), beta1: beta1,
        beta2: beta2, epsilon: epsilon, weightDecay: weightDecay, shrinkage: shrinkage,
        gradientScale: update.gradientScale),
      gradient: update.gradient, weight: update.parameter, mean: update.state[0], square: update.state[1])
  }
}

/// ``Adam`` with decoupled weight decay, as `torch.optim.AdamW`.
public typealias AdamW = ParameterOptimizer<AdamWRule>

/// ``AdamRule`` with a weight decay λ that the moments do not see (I. Loshchilov, F. Hutter, arXiv:1711.05101):
///
///     w ← (1 − γ · λ) · w, then as Adam without weight decay
public struct AdamWRule: UpdateRule {
  /// γ.
  public var learningRate: Double
  /// β₁.
  public var beta1: Double
  /// β₂.
  public var beta2: Double
  /// ε.
  public var epsilon: Double
  /// λ.
  public var weightDecay: Double

  /// Numbers with PyTorch's defaults; a negative one traps, and so does a β of 1 or more.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0.01
  ) {
    Self.require(learningRate, "learningRate")
    Self.require(beta1, below: 1, "beta1")
    Self.require(beta2, below: 1, "beta2")
    Self.require(epsilon, "epsilon")
    Self.require(weightDecay, "weightDecay")
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The moments m and v.
  public var stateNames: [String] { ["exp_avg", "exp_avg_sq"] }

  /// Updates the parameter and both moments in one pass.
  public func apply(_ update: ParameterUpdate) {
    AdamRule(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon)
      .apply(update, shrinkage: 1 - learningRate * weightDecay)
  }
}

extension ParameterOptimizer<AdamRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(_ parameters: [Tensor], learningRate: Double = 0.001, weightDecay: Double = 0) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay))
  }
}

extension ParameterOptimizer<AdamWRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(_ parameters: [Tensor], learningRate: Double = 0.001, weightDecay: Double = 0.01) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay))
  }
}

extension AdamRule: FusedUpdateRule {}

extension AdamWRule: FusedUpdateRule {}
