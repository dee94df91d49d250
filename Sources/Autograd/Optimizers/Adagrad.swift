/// Gradients divided by the size of all before them, as `torch.optim.Adagrad`.
public typealias Adagrad = ParameterOptimizer<AdagradRule>

/// For each parameter w with gradient g, at step t (J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2011):
///
///     g ← g + λ · w
///     s ← s + g²
///     w ← w − γ / (1 + (t − 1) · η) · g / (√s + ε)
public struct AdagradRule: UpdateRule {
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

  /// Numbers with PyTorch's defaults; a negative one traps.
  public init(
    learningRate: Double = 0.01, learningRateDecay: Double = 0, weightDecay: Double = 0, initialState: Double = 0,
    epsilon: Double = 1e-10
  ) {
    Self.require([
      "learningRate": learningRate, "learningRateDecay": learningRateDecay, "weightDecay": weightDecay,
      "initialState": initialState, "epsilon": epsilon,
    ])
    self.learningRate = learningRate
    self.learningRateDecay = learningRateDecay
    self.weightDecay = weightDecay
    self.initialState = initialState
    self.epsilon = epsilon
  }

  /// The sum s.
  public var stateNames: [String] { ["sum"] }

  /// Updates the parameter and its sum in one pass.
  public func apply(_ update: ParameterUpdate) {
    update.parameter.backend.adagradStep(
      AdagradStep(
        rate: learningRate / (1 + Double(update.step - 1) * learningRateDecay), epsilon: epsilon,
        weightDecay: weightDecay, gradientScale: update.gradientScale),
      gradient: update.gradient, weight: update.parameter, sum: update.state[0])
  }
}

extension ParameterOptimizer<AdagradRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(_ parameters: [Tensor], learningRate: Double = 0.01, weightDecay: Double = 0) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay))
  }
}

extension AdagradRule: FusedUpdateRule {}
