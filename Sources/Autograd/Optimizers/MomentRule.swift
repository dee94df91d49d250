import Foundation

/// A rule that keeps two running averages for each element, as ``AdamRule`` and its kin do:
///
///     m ← β₁ · m + (1 − β₁) · g
///     v ← β₂ · v + (1 − β₂) · g²
protocol MomentRule: FusedUpdateRule {
  /// β₁.
  var beta1: Double { get }
  /// β₂.
  var beta2: Double { get }
  /// ε.
  var epsilon: Double { get }
  /// λ.
  var weightDecay: Double { get }
}

extension MomentRule {
  /// The moments m and v.
  public var stateNames: [String] { ["exp_avg", "exp_avg_sq"] }

  /// Stops the program at a negative number, and at a β of 1 or more.
  func checkNumbers() {
    Self.require(["learningRate": learningRate])
    Self.require(["beta1": beta1, "beta2": beta2], below: 1)
    Self.require(["epsilon": epsilon, "weightDecay": weightDecay])
  }

  /// Adam's step, after the weights have been multiplied by `shrinkage`.
  func applyAdam(_ update: ParameterUpdate, weightDecay: Double, shrinkage: Double = 1) {
    let step = Double(update.step)
    apply(
      update, rate: learningRate / (1 - pow(beta1, step)), correction: (1 - pow(beta2, step)).squareRoot(),
      epsilon: epsilon, weightDecay: weightDecay, shrinkage: shrinkage)
  }

  /// Updates the parameter and both moments in one pass, with the numbers of an ``AdamStep``.
  func apply(
    _ update: ParameterUpdate, rate: Double, lookahead: Double = 0, correction: Double, epsilon: Double,
    weightDecay: Double, shrinkage: Double = 1
  ) {
    update.parameter.backend.adamStep(
      AdamStep(
        rate: rate, lookahead: lookahead, correction: correction, beta1: beta1, beta2: beta2, epsilon: epsilon,
        weightDecay: weightDecay, shrinkage: shrinkage, gradientScale: update.gradientScale),
      gradient: update.gradient, weight: update.parameter, mean: update.state[0], square: update.state[1])
  }
}
