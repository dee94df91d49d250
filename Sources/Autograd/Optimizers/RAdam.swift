import Foundation

/// ``Adam`` that rectifies the variance of its first steps, as `torch.optim.RAdam`.
public typealias RAdam = ParameterOptimizer<RAdamRule>

/// For each parameter w with gradient g, at step t (L. Liu et al., arXiv:1908.03265):
///
///     g ← g + λ · w
///     m, v as those of Adam
///     ρ∞ = 2 / (1 − β₂) − 1,  ρ = ρ∞ − 2 · t · β₂ᵗ / (1 − β₂ᵗ)
///     r = √((ρ − 4) · (ρ − 2) · ρ∞ / ((ρ∞ − 4) · (ρ∞ − 2) · ρ))
///     w ← w − γ · m / (1 − β₁ᵗ) · (r · √(1 − β₂ᵗ) / (√v + ε) if ρ > 5, else 1)
public struct RAdamRule: UpdateRule {
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
  public func apply(_ update: ParameterUpdate) {
    let step = Double(update.step), kept = pow(beta2, step), correction = (1 - kept).squareRoot()
    let limit = 2 / (1 - beta2) - 1, length = limit - 2 * step * kept / (1 - kept)
    let isRectified = length > 5
    let rectification =
      isRectified
      ? ((length - 4) * (length - 2) * limit / ((limit - 4) * (limit - 2) * length)).squareRoot() : 1
    // Without rectification the divisor √v / ∞ + 1 is 1.
    apply(
      update, rate: learningRate * rectification / (1 - pow(beta1, step)),
      correction: isRectified ? correction : .infinity, epsilon: isRectified ? epsilon / correction : 1,
      weightDecay: weightDecay)
  }
}

extension ParameterOptimizer<RAdamRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(_ parameters: [Tensor], learningRate: Double = 0.001, weightDecay: Double = 0) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay))
  }
}

extension RAdamRule: MomentRule {}
