import Foundation

/// The rate times `factor` in the first steps, as `torch.optim.lr_scheduler.ConstantLR`.
public struct ConstantLR: LearningRateSchedule, Equatable {
  /// What the rate is multiplied by.
  public let factor: Double
  /// How many steps it is.
  public let stepCount: Int

  /// A schedule with PyTorch's defaults: a third of the base rate in 5 steps.
  public init(factor: Double = 1.0 / 3, stepCount: Int = 5) {
    precondition((0...1).contains(factor), "ConstantLR: a factor of \(factor), expected one in 0...1")
    precondition(stepCount >= 0, "ConstantLR: \(stepCount) steps")
    self.factor = factor
    self.stepCount = stepCount
  }

  /// base · factor before step `stepCount`, and base from then on.
  public func learningRate(at step: Int, base: Double) -> Double { step < stepCount ? base * factor : base }
}

/// A rate that falls to 0 as a power of the steps that are left, as `torch.optim.lr_scheduler.PolynomialLR`.
public struct PolynomialLR: LearningRateSchedule, Equatable {
  /// The step at which the rate is 0.
  public let stepCount: Int
  /// The power.
  public let power: Double

  /// A schedule with PyTorch's defaults: evenly, in 5 steps.
  public init(stepCount: Int = 5, power: Double = 1) {
    precondition(stepCount > 0, "PolynomialLR: \(stepCount) steps")
    self.stepCount = stepCount
    self.power = power
  }

  /// base · (1 − min(step / stepCount, 1))^power.
  public func learningRate(at step: Int, base: Double) -> Double {
    base * pow(1 - Double(min(step, stepCount)) / Double(stepCount), power)
  }
}

/// The rate times a number that a function gives for every step, as `torch.optim.lr_scheduler.LambdaLR`.
///
///     LambdaLR { step in 1 / (1 + 0.1 * Double(step)) }
public struct LambdaLR: LearningRateSchedule {
  private let factor: @Sendable (Int) -> Double

  /// A schedule by a function from the number of the step to what the rate is multiplied by.
  public init(_ factor: @escaping @Sendable (_ step: Int) -> Double) { self.factor = factor }

  /// base · factor(step).
  public func learningRate(at step: Int, base: Double) -> Double { base * factor(step) }
}
