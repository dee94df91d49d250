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
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    checkNumbers()
  }

  /// Updates the parameter and both moments in one pass.
  public func apply(_ update: ParameterUpdate) {
    applyAdam(update, weightDecay: 0, shrinkage: 1 - learningRate * weightDecay)
  }
}

extension ParameterOptimizer<AdamWRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(_ parameters: [Tensor], learningRate: Double = 0.001, weightDecay: Double = 0.01) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay))
  }
}

extension AdamWRule: MomentRule {}
