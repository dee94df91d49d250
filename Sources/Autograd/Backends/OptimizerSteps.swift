/// The numbers of one step of stochastic gradient descent.
struct SGDStep {
  var learningRate: Double
  var momentum: Double
  var dampening: Double
  var weightDecay: Double
  var nesterov: Bool
  /// Every gradient is multiplied by this first.
  var gradientScale: Double
  /// Whether the velocity has no value yet.
  var isFirst: Bool
}

/// The numbers of one step of Adam, or of a rule akin to it.
struct AdamStep {
  /// γ / (1 − β₁ᵗ).
  let rate: Double
  /// How far the step goes from the mean of the gradients to the last one, from 0 to 1: Nesterov's momentum.
  let lookahead: Double
  /// √(1 − β₂ᵗ).
  let correction: Double
  let beta1: Double
  let beta2: Double
  let epsilon: Double
  let weightDecay: Double
  /// What the weights are multiplied by first.
  let shrinkage: Double
  let gradientScale: Double
}

/// The numbers of one step of RMSprop.
struct RMSpropStep {
  let learningRate: Double
  let smoothing: Double
  let epsilon: Double
  let weightDecay: Double
  let momentum: Double
  let gradientScale: Double
}

/// The numbers of one step of Adagrad.
struct AdagradStep {
  /// γ / (1 + (t − 1) · η).
  let rate: Double
  let epsilon: Double
  let weightDecay: Double
  let gradientScale: Double
}
