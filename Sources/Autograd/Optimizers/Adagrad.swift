/// Gradients divided by the size of all before them, as `torch.optim.Adagrad`.
public typealias Adagrad = ParameterOptimizer<AdagradRule>

/// For each parameter w with gradient g, at step t (J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2011):
///
///     g ← g + λ · w
///     s ← s + g²
///     w ← w − γ / (1 + (t − 1) · η) · g / (√s + ε)
public struct AdagradRule: ElementwiseRule {
  /// γ.
  public var learningRate: Double
  /// η.
  public var learningRateDecay: Double
  /// λ.
  public var weightDecay: Double
  /// What s starts with.
  public var initialState: Double
  /// ε.
  public var epsilon: Double

  /// Numbers with PyTorch's defaults.
  public init(
    learningRate: Double = 0.01, learningRateDecay: Double = 0, weightDecay: Double = 0, initialState: Double = 0,
    epsilon: Double = 1e-10
  ) {
    self.learningRate = learningRate
    self.learningRateDecay = learningRateDecay
    self.weightDecay = weightDecay
    self.initialState = initialState
    self.epsilon = epsilon
  }

  /// The sum s.
  public var stateNames: [String] { ["sum"] }

  func apply<Scalar: UpdateScalar>(to elements: UpdateElements<Scalar>) {
    let (s, w) = (elements.state[0], elements.weight)
    let rate = Scalar(learningRate / (1 + Double(elements.step - 1) * learningRateDecay))
    let (decay, epsilon) = (Scalar(weightDecay), Scalar(epsilon))
    for i in 0..<elements.count {
      let g = elements.gradient[i] * elements.scale + decay * w[i]
      s[i] += g * g
      w[i] -= rate * g / (s[i].squareRoot() + epsilon)
    }
  }
}
