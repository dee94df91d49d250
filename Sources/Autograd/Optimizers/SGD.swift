/// Stochastic gradient descent with momentum, as `torch.optim.SGD`.
public typealias SGD = ParameterOptimizer<SGDRule>

/// For each parameter w with gradient g, weight decay λ, momentum µ, dampening τ and learning rate γ:
///
///     g ← g + λ · w
///     v ← µ · v + (1 − τ) · g        (the first time: v ← g)
///     w ← w − γ · v                  (Nesterov: w ← w − γ · (g + µ · v))
public struct SGDRule: UpdateRule {
  /// γ.
  public var learningRate: Double
  /// µ.
  public var momentum: Double
  /// τ.
  public var dampening: Double
  /// λ.
  public var weightDecay: Double
  /// Whether to look ahead by one more momentum step.
  public var nesterov: Bool

  /// Numbers with PyTorch's defaults; a negative one other than the dampening traps, and so does Nesterov's step with
  /// dampening or without momentum.
  public init(
    learningRate: Double, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0, nesterov: Bool = false
  ) {
    precondition(
      !nesterov || (momentum > 0 && dampening == 0),
      "SGD: Nesterov's step needs momentum (\(momentum)) and no dampening (\(dampening))")
    Self.require(["learningRate": learningRate, "momentum": momentum, "weightDecay": weightDecay])
    self.learningRate = learningRate
    self.momentum = momentum
    self.dampening = dampening
    self.weightDecay = weightDecay
    self.nesterov = nesterov
  }

  /// The velocity v, when there is momentum.
  public var stateNames: [String] { momentum == 0 ? [] : ["momentum_buffer"] }

  /// Changes one parameter.
  public func apply(_ update: ParameterUpdate) {
    update.parameter.backend.sgdStep(
      SGDStep(
        learningRate: learningRate, momentum: momentum, dampening: dampening, weightDecay: weightDecay,
        nesterov: nesterov, gradientScale: update.gradientScale, isFirst: update.isFirst),
      gradient: update.gradient, weight: update.parameter, velocity: update.state.first)
  }
}

extension ParameterOptimizer<SGDRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(
    _ parameters: [Tensor], learningRate: Double, momentum: Double = 0, weightDecay: Double = 0
  ) {
    self.init(parameters, Options(learningRate: learningRate, momentum: momentum, weightDecay: weightDecay))
  }
}

extension SGDRule: FusedUpdateRule {}
