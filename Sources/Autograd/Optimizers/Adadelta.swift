/// Gradients multiplied by the size of the changes before them and divided by their own, as `torch.optim.Adadelta`.
public typealias Adadelta = ParameterOptimizer<AdadeltaRule>

/// For each parameter w with gradient g (M. D. Zeiler, arXiv:1212.5701):
///
///     g ← g + λ · w
///     s ← ρ · s + (1 − ρ) · g²
///     d ← √(u + ε) / √(s + ε) · g
///     u ← ρ · u + (1 − ρ) · d²
///     w ← w − γ · d
public struct AdadeltaRule: UpdateRule {
  /// γ.
  public var learningRate: Double
  /// ρ.
  public var smoothing: Double
  /// ε.
  public var epsilon: Double
  /// λ.
  public var weightDecay: Double

  /// Numbers with PyTorch's defaults; a negative one traps, and so does a ρ of 1 or more.
  public init(learningRate: Double = 1, smoothing: Double = 0.9, epsilon: Double = 1e-6, weightDecay: Double = 0) {
    Self.require(["learningRate": learningRate, "epsilon": epsilon, "weightDecay": weightDecay])
    Self.require(["smoothing": smoothing], below: 1)
    self.learningRate = learningRate
    self.smoothing = smoothing
    self.epsilon = epsilon
    self.weightDecay = weightDecay
  }

  /// The averages s and u.
  public var stateNames: [String] { ["square_avg", "acc_delta"] }

  /// Updates the parameter and its averages by operations of tensors.
  public func apply(_ update: ParameterUpdate) {
    let (weight, squares, changes) = (update.parameter, update.state[0], update.state[1])
    do {
      try noGrad {
        let gradient = update.gradient * update.gradientScale + weight * weightDecay
        try squares.interpolate(to: gradient * gradient, weight: 1 - smoothing)
        let change = ((changes + epsilon) / (squares + epsilon)).sqrt() * gradient
        try changes.interpolate(to: change * change, weight: 1 - smoothing)
        try weight -= change * learningRate
      }
    } catch {
      preconditionFailure("AdadeltaRule: \(error)")
    }
  }
}

extension ParameterOptimizer<AdadeltaRule> {
  /// An optimizer of `parameters` with the given numbers, and PyTorch's defaults for the others.
  public convenience init(_ parameters: [Tensor], learningRate: Double = 1, weightDecay: Double = 0) {
    self.init(parameters, Options(learningRate: learningRate, weightDecay: weightDecay))
  }
}
