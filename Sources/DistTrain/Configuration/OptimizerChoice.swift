import Autograd

/// The rule by which a step changes the weights (`--optimizer`).
public enum OptimizerChoice: String, Codable, CaseIterable, Sendable {
  /// Gradient descent with momentum, as `torch.optim.SGD`.
  case sgd
  /// Adaptive moments, as `torch.optim.Adam`.
  case adam
  /// Adaptive moments that do not see the weight decay, as `torch.optim.AdamW`.
  case adamw

  /// The step size of a run that names none.
  public var defaultLearningRate: Double {
    switch self {
    case .sgd: 0.02
    case .adam, .adamw: 0.001
    }
  }

  /// The rule with a configuration's numbers; momentum is the β₁ of adaptive moments, whose β₂ and ε are PyTorch's.
  func rule(_ configuration: TrainingConfiguration) -> any UpdateRule {
    let (rate, momentum) = (configuration.learningRate, configuration.momentum)
    let decay = configuration.weightDecay
    return switch self {
    case .sgd: SGD.Options(learningRate: rate, momentum: momentum, weightDecay: decay)
    case .adam: Adam.Options(learningRate: rate, beta1: momentum, weightDecay: decay)
    case .adamw: AdamW.Options(learningRate: rate, beta1: momentum, weightDecay: decay)
    }
  }
}
