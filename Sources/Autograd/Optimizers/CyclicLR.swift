import Foundation

/// Up from the base rate to another and down again, along lines and over and over, as `torch.optim.lr_scheduler.CyclicLR` with
/// `cycle_momentum=False` (L. Smith, arXiv:1506.01186).
public struct CyclicLR: LearningRateSchedule, Equatable {
  /// How high later cycles rise above the base rate, as part of what the first does.
  public enum Scaling: Sendable, Equatable {
    /// As high as the first: PyTorch's "triangular".
    case constant
    /// Each half as high as the one before: "triangular2".
    case halving
    /// A factor to the power of the step: "exp_range".
    case exponential(factor: Double)
  }

  /// The largest rate.
  public let maximum: Double
  /// The steps of the way up.
  public let risingSteps: Int
  /// The steps of the way down.
  public let fallingSteps: Int
  /// How high later cycles rise.
  public let scaling: Scaling

  /// A schedule with PyTorch's defaults.
  ///
  /// - Parameter fallingSteps: As many as up if nil.
  public init(maximum: Double, risingSteps: Int = 2000, fallingSteps: Int? = nil, scaling: Scaling = .constant) {
    precondition(
      risingSteps > 0 && (fallingSteps ?? 1) > 0,
      "CyclicLR: \(risingSteps) steps up and \(fallingSteps ?? risingSteps) down, expected at least 1 of each")
    self.maximum = maximum
    self.risingSteps = risingSteps
    self.fallingSteps = fallingSteps ?? risingSteps
    self.scaling = scaling
  }

  /// base + (maximum − base) · the part of the way up or down · the scaling.
  public func learningRate(at step: Int, base: Double) -> Double {
    let (cycle, place) = step.quotientAndRemainder(dividingBy: risingSteps + fallingSteps)
    let height =
      place <= risingSteps
      ? Double(place) / Double(risingSteps) : 1 - Double(place - risingSteps) / Double(fallingSteps)
    let scale =
      switch scaling {
      case .constant: 1.0
      case .halving: scalbn(1, -cycle)
      case .exponential(let factor): pow(factor, Double(step))
      }
    return base + (maximum - base) * height * scale
  }
}
