import Foundation

/// The learning rate as a function of the step, counted from 0: of epochs or of batches, as the training loop likes.
///
/// A schedule has no state, so that a run that is resumed needs no more than the number of its step.
public protocol LearningRateSchedule: Sendable {
  /// The learning rate at `step`, for an optimizer whose own learning rate is `base`.
  func learningRate(at step: Int, base: Double) -> Double
}

extension Optimizer {
  /// Sets the learning rate of every group for `step`, given what it was at the start.
  public func setLearningRates(_ schedule: any LearningRateSchedule, at step: Int, base: [Double]) {
    learningRates = base.map { schedule.learningRate(at: step, base: $0) }
  }
}

/// The rate times `factor` after every `stepSize` steps, as `torch.optim.lr_scheduler.StepLR`.
public struct StepLR: LearningRateSchedule, Equatable {
  /// Steps from one change to the next.
  public let stepSize: Int
  /// What the rate is multiplied by.
  public let factor: Double

  /// A schedule with PyTorch's default factor.
  public init(stepSize: Int, factor: Double = 0.1) {
    precondition(stepSize > 0, "StepLR: a step size of \(stepSize)")
    self.stepSize = stepSize
    self.factor = factor
  }

  /// base · factor^⌊step / stepSize⌋.
  public func learningRate(at step: Int, base: Double) -> Double { base * pow(factor, Double(step / stepSize)) }
}

/// The rate times `factor` at every milestone, as `torch.optim.lr_scheduler.MultiStepLR`.
public struct MultiStepLR: LearningRateSchedule, Equatable {
  /// The steps at which the rate changes.
  public let milestones: [Int]
  /// What the rate is multiplied by.
  public let factor: Double

  /// A schedule with PyTorch's default factor.
  public init(milestones: [Int], factor: Double = 0.1) {
    self.milestones = milestones
    self.factor = factor
  }

  /// base · factor to the power of the number of milestones reached.
  public func learningRate(at step: Int, base: Double) -> Double {
    base * pow(factor, Double(milestones.count { $0 <= step }))
  }
}

/// The rate times `factor` after every step, as `torch.optim.lr_scheduler.ExponentialLR`.
public struct ExponentialLR: LearningRateSchedule, Equatable {
  /// What the rate is multiplied by.
  public let factor: Double

  /// A schedule with the given factor.
  public init(factor: Double) { self.factor = factor }

  /// base · factor^step.
  public func learningRate(at step: Int, base: Double) -> Double { base * pow(factor, Double(step)) }
}

/// Half a period of a cosine from the base rate to `minimum`, as `torch.optim.lr_scheduler.CosineAnnealingLR`
/// (I. Loshchilov, F. Hutter, arXiv:1608.03983, without restarts).
public struct CosineAnnealingLR: LearningRateSchedule, Equatable {
  /// The step at which the minimum is reached; then the rate rises again.
  public let halfPeriod: Int
  /// The smallest rate.
  public let minimum: Double

  /// A schedule that reaches `minimum` at step `halfPeriod`.
  public init(halfPeriod: Int, minimum: Double = 0) {
    precondition(halfPeriod > 0, "CosineAnnealingLR: a half period of \(halfPeriod)")
    self.halfPeriod = halfPeriod
    self.minimum = minimum
  }

  /// minimum + (base − minimum) · (1 + cos(π · step / halfPeriod)) / 2.
  public func learningRate(at step: Int, base: Double) -> Double {
    minimum + (base - minimum) * (1 + cos(.pi * Double(step) / Double(halfPeriod))) / 2
  }
}

/// Half a period of a cosine from the base rate to `minimum`, again and again from the base rate, as
/// `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts` (I. Loshchilov, F. Hutter, arXiv:1608.03983).
public struct CosineAnnealingWarmRestarts: LearningRateSchedule, Equatable {
  /// The steps before the first restart.
  public let firstCycle: Int
  /// How many times as long as the one before each later cycle is.
  public let growth: Int
  /// The rate that each cycle would end with.
  public let minimum: Double

  /// A schedule that starts again after `firstCycle` steps, then after `growth` times as many, and so on.
  public init(firstCycle: Int, growth: Int = 1, minimum: Double = 0) {
    precondition(
      firstCycle > 0 && growth > 0, "CosineAnnealingWarmRestarts: a first cycle of \(firstCycle), growth \(growth)")
    self.firstCycle = firstCycle
    self.growth = growth
    self.minimum = minimum
  }

  /// minimum + (base − minimum) · (1 + cos(π · steps since the restart / length of the cycle)) / 2.
  public func learningRate(at step: Int, base: Double) -> Double {
    var (rest, length) = (step, firstCycle)
    if growth == 1 { rest %= length }
    while rest >= length {
      rest -= length
      length *= growth
    }
    return minimum + (base - minimum) * (1 + cos(.pi * Double(rest) / Double(length))) / 2
  }
}

/// A factor that goes from `start` to `end` in `stepCount` even steps, as `torch.optim.lr_scheduler.LinearLR`.
public struct LinearLR: LearningRateSchedule, Equatable {
  /// The factor at step 0.
  public let start: Double
  /// The factor from `stepCount` on.
  public let end: Double
  /// The length of the way.
  public let stepCount: Int

  /// A schedule with PyTorch's defaults: from a third of the base rate to all of it in 5 steps.
  public init(from start: Double = 1.0 / 3, to end: Double = 1, stepCount: Int = 5) {
    precondition(stepCount > 0, "LinearLR: \(stepCount) steps")
    precondition(
      start > 0 && start <= 1 && (0...1).contains(end),
      "LinearLR from \(start) to \(end): needs factors above 0, or from 0 for the end, up to 1")
    self.start = start
    self.end = end
    self.stepCount = stepCount
  }

  /// base · (start + (end − start) · min(step / stepCount, 1)).
  public func learningRate(at step: Int, base: Double) -> Double {
    base * (start + (end - start) * Double(min(step, stepCount)) / Double(stepCount))
  }
}

/// Up to `maximum` and down to almost nothing, along cosines, as `torch.optim.lr_scheduler.OneCycleLR` with
/// `cycle_momentum=False` (L. Smith, N. Topin, arXiv:1708.07120). The base rate has no influence.
public struct OneCycleLR: LearningRateSchedule, Equatable {
  /// The largest rate.
  public let maximum: Double
  /// The number of steps in all; from then on the rate stays at its smallest.
  public let stepCount: Int
  /// The part of the steps spent rising.
  public let risingPart: Double
  /// The largest rate divided by the first.
  public let initialDivisor: Double
  /// The first rate divided by the last.
  public let finalDivisor: Double

  /// A schedule with PyTorch's defaults.
  public init(
    maximum: Double, stepCount: Int, risingPart: Double = 0.3, initialDivisor: Double = 25, finalDivisor: Double = 1e4
  ) {
    precondition(stepCount > 0, "OneCycleLR: \(stepCount) steps")
    precondition((0...1).contains(risingPart), "OneCycleLR: a rising part of \(risingPart), expected one in 0...1")
    self.maximum = maximum
    self.stepCount = stepCount
    self.risingPart = risingPart
    self.initialDivisor = initialDivisor
    self.finalDivisor = finalDivisor
  }

  /// A cosine from maximum / initialDivisor to maximum, then one from there to the first rate / finalDivisor.
  public func learningRate(at step: Int, base: Double) -> Double {
    let first = maximum / initialDivisor
    let peak = risingPart * Double(stepCount) - 1
    let last = Double(stepCount - 1)
    let step = min(Double(step), last)
    func cosine(from start: Double, to end: Double, _ part: Double) -> Double {
      end + (start - end) / 2 * (1 + cos(.pi * part))
    }
    if peak > 0 && step <= peak { return cosine(from: first, to: maximum, step / peak) }
    // A single step that belongs to the rise is its end.
    return last > peak ? cosine(from: maximum, to: first / finalDivisor, (step - peak) / (last - peak)) : maximum
  }
}

/// An even rise of the rate in the first steps, and another schedule, or the base rate, from then on (P. Goyal et al.,
/// arXiv:1706.02677).
public struct LinearWarmup: LearningRateSchedule {
  /// The steps of the rise.
  public let stepCount: Int
  /// What comes then, counted from its beginning; the base rate if nil.
  public let next: (any LearningRateSchedule)?

  /// A schedule that reaches the base rate after `stepCount` steps, 0 for no rise.
  public init(stepCount: Int, then next: (any LearningRateSchedule)? = nil) {
    precondition(stepCount >= 0, "LinearWarmup: \(stepCount) steps")
    self.stepCount = stepCount
    self.next = next
  }

  /// base · (step + 1) / (stepCount + 1) at first, and then that of `next` at step − stepCount.
  public func learningRate(at step: Int, base: Double) -> Double {
    guard step >= stepCount else { return base * (Double(step) + 1) / (Double(stepCount) + 1) }
    return next?.learningRate(at: step - stepCount, base: base) ?? base
  }
}
