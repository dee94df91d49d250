import Foundation

/// ``Adam`` with Nesterov's momentum, as `torch.optim.NAdam`.
public typealias NAdam = ParameterOptimizer<NAdamRule>

/// For each parameter w with gradient g, at step t (T. Dozat, "Incorporating Nesterov Momentum into Adam", 2016):
///
///     g ← g + λ · w
///     m, v as those of Adam
///     µₜ = β₁ · (1 − 0.96^(t · ψ) / 2),  Πₜ = µ₁ · … · µₜ
///     w ← w − γ · ((1 − µₜ) / (1 − Πₜ) · g + µₜ₊₁ / (1 − Πₜ₊₁) · m) / (√(v / (1 − β₂ᵗ)) + ε)
public struct NAdamRule: UpdateRule {
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
  /// ψ.
  public var momentumDecay: Double

  /// Numbers with PyTorch's defaults; a negative one traps, and so does a β of 1 or more.
  public init(
    learningRate: Double = 0.002, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0, momentumDecay: Double = 0.004
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentumDecay = momentumDecay
    checkNumbers()
    Self.require(["momentumDecay": momentumDecay])
  }

  /// Updates the parameter and both moments in one pass.
  public func apply(_ update: ParameterUpdate) {
    let product = momentumProduct(update.step), next = momentum(update.step + 1)
    let ofGradient = (1 - momentum(update.step)) / (1 - product), ofMean = next / (1 - product * next)
    apply(
      update, rate: learningRate * (ofGradient + ofMean), lookahead: ofGradient / (ofGradient + ofMean),
      correction: (1 - pow(beta2, Double(update.step))).squareRoot(), epsilon: epsilon, weightDecay: weightDecay)
  }

  /// µₜ.
  private func momentum(_ step: Int) -> Double { beta1 * (1 - 0.5 * pow(0.96, Double(step) * momentumDecay)) }

  /// Πₜ, or less than can be seen beside 1.
  private func momentumProduct(_ step: Int) -> Double {
    var (product, number) = (1.0, 1)
    while number <= step && product > 0x1p-60 {
      product *= momentum(number)
      number += 1
    }
    return product
  }
}

extension ParameterOptimizer<NAdamRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(_ parameters: [Tensor], learningRate: Double = 0.002, weightDecay: Double = 0) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay))
  }
}

extension NAdamRule: MomentRule {}
