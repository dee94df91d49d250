import Foundation

/// Adaptive moment estimation, as `torch.optim.Adam`.
public typealias Adam = ParameterOptimizer<AdamRule>

/// For each parameter w with gradient g, at step t (D. Kingma, J. Ba, arXiv:1412.6980):
///
///     g ← g + λ · w
///     m ← β₁ · m + (1 − β₁) · g
///     v ← β₂ · v + (1 − β₂) · g²
///     w ← w − γ / (1 − β₁ᵗ) · m / (√(v / (1 − β₂ᵗ)) + ε)
public struct AdamRule: ElementwiseRule {
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

  /// Numbers with PyTorch's defaults.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The moments m and v.
  public var stateNames: [String] { ["exp_avg", "exp_avg_sq"] }

  func apply<Scalar: UpdateScalar>(to elements: UpdateElements<Scalar>) {
    let (m, v, w) = (elements.state[0], elements.state[1], elements.weight)
    let rate = Scalar(learningRate / (1 - pow(beta1, Double(elements.step))))
    let correction = Scalar((1 - pow(beta2, Double(elements.step))).squareRoot())
    let (decay, epsilon) = (Scalar(weightDecay), Scalar(epsilon))
    let (kept, mean, square) = (Scalar(beta2), Scalar(1 - beta1), Scalar(1 - beta2))
    for i in 0..<elements.count {
      let g = elements.gradient[i] * elements.scale + decay * w[i]
      m[i] += mean * (g - m[i])
      v[i] = kept * v[i] + square * g * g
      w[i] -= rate * m[i] / (v[i].squareRoot() / correction + epsilon)
    }
  }
}

/// ``Adam`` with decoupled weight decay, as `torch.optim.AdamW`.
public typealias AdamW = ParameterOptimizer<AdamWRule>

/// ``AdamRule`` with a weight decay λ that the moments do not see (I. Loshchilov, F. Hutter, arXiv:1711.05101):
///
///     w ← (1 − γ · λ) · w, then as Adam without weight decay
public struct AdamWRule: ElementwiseRule {
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

  /// Numbers with PyTorch's defaults.
  public init(
    learningRate: Double = 0.001, beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8,
    weightDecay: Double = 0.01
  ) {
    self.learningRate = learningRate
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The moments m and v.
  public var stateNames: [String] { ["exp_avg", "exp_avg_sq"] }

  func apply<Scalar: UpdateScalar>(to elements: UpdateElements<Scalar>) {
    let kept = Scalar(1 - learningRate * weightDecay)
    for i in 0..<elements.count { elements.weight[i] *= kept }
    AdamRule(learningRate: learningRate, beta1: beta1, beta2: beta2, epsilon: epsilon).apply(to: elements)
  }
}
