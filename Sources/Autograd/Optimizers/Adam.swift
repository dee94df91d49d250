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
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    checkNumbers()
  }

  /// Updates the parameter and both moments in one pass.
  public func apply(_ update: ParameterUpdate) { applyAdam(update, weightDecay: weightDecay) }
}

extension ParameterOptimizer<AdamRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(_ parameters: [Tensor], learningRate: Double = 0.001, weightDecay: Double = 0) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay))
  }
}

extension AdamRule: MomentRule {}
