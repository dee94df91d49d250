import Collective

/// A run that ended before its time, and where it was.
public struct TrainingStopped: CommonError, CustomStringConvertible {
  /// The step, from 1.
  public let step: Int
  /// The epoch, from 1.
  public let epoch: Int
  /// Why.
  public let reason: any Error

  /// Step, epoch and reason, and what to try.
  public var description: String {
    let text =
      (reason as? NonfiniteLoss).map {
        "\($0.finding). Try a smaller --learning-rate, or --allow-nonfinite to go on regardless"
      } ?? "\(reason)"
    return "stopped at step \(step) (epoch \(epoch)): \(text)"
  }
}
