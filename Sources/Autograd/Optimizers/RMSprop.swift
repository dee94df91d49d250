/// Gradients divided by a running average of their size, as `torch.optim.RMSprop`.
public typealias RMSprop = ParameterOptimizer<RMSpropRule>

/// For each parameter w with gradient g (T. Tieleman, G. Hinton, "Neural Networks for Machine Learning", lecture 6.5):
///
///     g ← g + λ · w
///     v ← α · v + (1 − α) · g²
///     b ← µ · b + g / (√v + ε)
///     w ← w − γ · b
public struct RMSpropRule: ElementwiseRule {
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

  /// Numbers with PyTorch's defaults.
  public init(
    learningRate: Double = 0.01, smoothing: Double = 0.99, epsilon: Double = 1e-8, weightDecay: Double = 0,
    momentum: Double = 0
  ) {
    self.learningRate = learningRate
    self.smoothing = smoothing
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.momentum = momentum
  }

  /// The average v and, when there is momentum, b.
  public var stateNames: [String] { momentum == 0 ? ["square_avg"] : ["square_avg", "momentum_buffer"] }

  func apply<Scalar: UpdateScalar>(to elements: UpdateElements<Scalar>) {
    let (v, w) = (elements.state[0], elements.weight)
    let b = momentum == 0 ? nil : elements.state[1]
    let (rate, decay, epsilon) = (Scalar(learningRate), Scalar(weightDecay), Scalar(epsilon))
    let (kept, fresh, momentum) = (Scalar(smoothing), Scalar(1 - smoothing), Scalar(momentum))
    for i in 0..<elements.count {
      let g = elements.gradient[i] * elements.scale + decay * w[i]
      v[i] = kept * v[i] + fresh * g * g
      let size = v[i].squareRoot() + epsilon
      if let b {
        b[i] = momentum * b[i] + g / size
        w[i] -= rate * b[i]
      } else {
        w[i] -= rate * g / size
      }
    }
  }
}
