/// Several schedules, one after the other, as `torch.optim.lr_scheduler.SequentialLR`. Each counts its steps from its beginning,
/// and starts from the base rate.
///
///     SequentialLR([LinearLR(stepCount: 5), ExponentialLR(factor: 0.9)], milestones: [5])
public struct SequentialLR: LearningRateSchedule {
  /// The schedules.
  public let schedules: [any LearningRateSchedule]
  /// The steps at which the second and each later one begin, rising.
  public let milestones: [Int]

  /// A schedule of one more schedule than milestones.
  public init(_ schedules: [any LearningRateSchedule], milestones: [Int]) {
    precondition(
      schedules.count == milestones.count + 1,
      "SequentialLR: \(schedules.count) schedules and \(milestones.count) milestones, expected one schedule more")
    precondition(
      zip([0] + milestones, milestones).allSatisfy { $0 < $1 },
      "SequentialLR: milestones \(milestones), expected numbers above 0 that rise")
    self.schedules = schedules
    self.milestones = milestones
  }

  /// What the schedule of that step gives, so many steps after its milestone.
  public func learningRate(at step: Int, base: Double) -> Double {
    let index = milestones.count { $0 <= step }
    return schedules[index].learningRate(at: step - (index == 0 ? 0 : milestones[index - 1]), base: base)
  }
}

/// Several schedules at once, each of which varies what the one before it gives, as `torch.optim.lr_scheduler.ChainedScheduler`
/// of schedules that multiply the rate: all of PyTorch's but `OneCycleLR`, `CyclicLR` and cosines to another minimum than 0, which
/// PyTorch chains by steps from one rate to the next.
public struct ChainedScheduler: LearningRateSchedule {
  /// The schedules.
  public let schedules: [any LearningRateSchedule]

  /// A schedule of several, of which there is one at least.
  public init(_ schedules: [any LearningRateSchedule]) {
    precondition(!schedules.isEmpty, "ChainedScheduler of no schedule")
    self.schedules = schedules
  }

  /// What the last gives for what the one before it gives, and so on to the first, for the base rate.
  public func learningRate(at step: Int, base: Double) -> Double {
    schedules.reduce(base) { $1.learningRate(at: step, base: $0) }
  }
}
