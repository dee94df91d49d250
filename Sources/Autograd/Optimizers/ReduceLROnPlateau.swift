/// A learning rate that is lowered when a number does not get better any more, as
/// `torch.optim.lr_scheduler.ReduceLROnPlateau`.
///
///     var plateau = ReduceLROnPlateau(patience: 3)
///     …
///     let evaluation = try Evaluation(of: model, on: data, communicator: communicator)
///     replica.learningRate = plateau.learningRate(after: evaluation.loss, from: replica.learningRate)
///
/// The number must be the same on all ranks, as that of an ``Evaluation`` is. The state is a value, which a checkpoint
/// takes and gives back: `Replica.writeCheckpoint(to:identity:state:tensors:)`.
public struct ReduceLROnPlateau: Codable, Equatable, Sendable {
  /// What is better.
  public enum Goal: String, Codable, Sendable {
    /// Less, as of a loss.
    case smaller
    /// More, as of an accuracy.
    case larger
  }

  /// What is better.
  public let goal: Goal
  /// What the rate is multiplied by.
  public let factor: Double
  /// The numbers in a row that may be no better than the best before the rate is lowered.
  public let patience: Int
  /// The part of the best number by which another must be better to count.
  public let threshold: Double
  /// The numbers after a reduction that do not count.
  public let cooldown: Int
  /// The smallest rate.
  public let minimum: Double
  /// The best number so far.
  public private(set) var best: Double?
  /// The numbers in a row that were no better: since the best, the last reduction or the end of its cooldown.
  public private(set) var badCount = 0
  private var cooldownCount = 0

  /// A schedule with PyTorch's defaults.
  public init(
    goal: Goal = .smaller, factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4, cooldown: Int = 0,
    minimum: Double = 0
  ) {
    precondition(
      (0..<1).contains(factor) && patience >= 0 && cooldown >= 0 && (0..<1).contains(threshold),
      "ReduceLROnPlateau: factor \(factor) and threshold \(threshold), which must be below 1, patience \(patience), "
        + "cooldown \(cooldown)")
    self.goal = goal
    self.factor = factor
    self.patience = patience
    self.threshold = threshold
    self.cooldown = cooldown
    self.minimum = minimum
  }

  /// The rate after another number: `rate`, or factor · rate once more than `patience` numbers in a row were no better
  /// than the best. A difference of up to 1e-8 is none.
  public mutating func learningRate(after number: Double, from rate: Double) -> Double {
    learningRates(after: number, from: [rate])[0]
  }

  /// The same for the rates of several groups of parameters, which are lowered together.
  public mutating func learningRates(after number: Double, from rates: [Double]) -> [Double] {
    if isBetter(number) {
      best = number
      badCount = 0
    } else {
      badCount += 1
    }
    if cooldownCount > 0 {
      cooldownCount -= 1
      badCount = 0
    }
    guard badCount > patience else { return rates }
    cooldownCount = cooldown
    badCount = 0
    return rates.map { rate in
      let lowered = max(rate * factor, minimum)
      return rate - lowered > 1e-8 ? lowered : rate
    }
  }

  private func isBetter(_ number: Double) -> Bool {
    switch goal {
    case .smaller: number < (best ?? .infinity) * (1 - threshold)
    case .larger: number > (best ?? -.infinity) * (1 + threshold)
    }
  }
}
