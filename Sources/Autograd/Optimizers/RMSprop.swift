/// Gradients divided by a running average of their size, as `torch.optim.RMSprop`.
public typealias RMSprop = ParameterOptimizer<RMSpropRule>

/// For each parameter w with gradient g (T. Tieleman, G. Hinton, "Neural Networks for Machine Learning", lecture 6.5):
///
///     g ← g + λ · w
///     v ← α · v + (1 − α) · g²
///     b ← µ · b + g / (√v + ε)
///     w ← w − γ · b
public struct RMSpropRule: UpdateRule {
  /// γ.
  public var learningRate: Double
  /// α.
  public var smoothing: Double
  /// ε.
  public var epsilon: Double
  /// λ.
  public var weightDecay: Double
  /// µ.
  public var momentum: Double

  /// Numbers with PyTorch's defaults; a negative one traps.
  public init(
    learningRate: Double = 0.01, smoothing: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0,
    momentum: Double = 0
  ) {
    Self.require([
      "learningRate": learningRate, "smoothing": smoothing, "epsilon": epsilon, "weightDecay": weightDecay,
      "momentum": momentum,
    ])
    self.learningRate = learningRate
    self.smoothing = smoothing
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentum = momentum
  }

  /// The average v and, when there is momentum, b.
  public var stateNames: [String] { momentum == 0 ? ["square_avg"] : ["square_avg", "momentum_buffer"] }

  /// Updates the parameter and its averages in one pass.
  public func apply(_ update: ParameterUpdate) {
    update.parameter.backend.rmspropStep(
      RMSpropStep(
        learningRate: learningRate, smoothing: smoothing, epsilon: epsilon, weightDecay: weightDecay,
        momentum: momentum, gradientScale: update.gradientScale),
      gradient: update.gradient, weight: update.parameter, square: update.state[0],
      velocity: momentum == 0 ? nil : update.state[1])
  }
}

extension ParameterOptimizer<RMSpropRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(
    _ parameters: [Tensor], learningRate: Double = 0.01, momentum: Double = 0, weightDecay: Double = 0
  ) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay, momentum: momentum))
  }
}

extension RMSpropRule: FusedUpdateRule {}
