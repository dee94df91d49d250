import Collective

/// A run that ended before its time, and where it was.
public struct TrainingStopped: CommonError, CustomStringConvertible {
  /// The step, from 1.
  public let step: Int
  /// The epoch, from 1.
  public let epoch: Int
  /// Why.
  public let reason: any Error

  /// Step, epoch and reason.
  public var description: String { "stopped at step \(step) (epoch \(epoch)): \(reason)" }
}
