import Autograd

/// How the learning rate goes on after the warm-up (`--schedule`).
public enum ScheduleChoice: String, Codable, CaseIterable, Sendable {
  /// As it is.
  case constant
  /// Evenly down to 0.
  case linear
  /// Down to 0 along half a period of a cosine.
  case cosine

  /// The schedule of a run: a rise in its first `warmup` steps, and the rest down to 0 at its end.
  ///
  /// - Throws: ``ConfigurationError`` where no step is left for the way down.
  func schedule(warmup: Int, totalSteps: Int) throws -> any LearningRateSchedule {
    guard self == .constant || warmup < totalSteps else {
      throw ConfigurationError(
        "--warmup is \(warmup), expected fewer than the run's \(totalSteps) step(s) with --schedule \(rawValue)")
    }
    let rest = totalSteps - warmup
    return switch self {
    case .constant: LinearWarmup(stepCount: warmup)
    case .linear: LinearWarmup(stepCount: warmup, then: LinearLR(from: 1, to: 0, stepCount: rest))
    case .cosine: LinearWarmup(stepCount: warmup, then: CosineAnnealingLR(halfPeriod: rest))
    }
  }
}
