import Autograd

/// A training step that was started, and that a GPU may still be computing.
public final class StartedStep {
  /// The number of the step, from 1, as ``Replica/stepCount`` counts them.
  public let number: Int
  private weak var replica: Replica?
  private var state: State

  private enum State {
    case running(loss: LossReadings.Reading, count: Int, seconds: TrainingRecord.Seconds, allowsNonfinite: Bool)
    case over(Result<Replica.Outcome, any Error>)
  }

  /// A step that is over.
  init(number: Int, _ outcome: Replica.Outcome) {
    self.number = number
    state = .over(.success(outcome))
  }

  /// The step of a replica that a GPU is computing: of `count` samples, the sum of whose losses is on its way.
  init(of replica: Replica, _ loss: LossReadings.Reading, count: Int, seconds: TrainingRecord.Seconds) {
    number = replica.stepCount
    self.replica = replica
    state = .running(loss: loss, count: count, seconds: seconds, allowsNonfinite: replica.allowsNonfinite)
  }

  /// Whether it is known what the step did, so that ``outcome()`` does not wait.
  public var isOver: Bool { if case .over = state { true } else { false } }

  /// What the step did, once it is over.
  ///
  /// - Throws: ``NonfiniteLoss`` of this step, or of the one before, because of which this one was not made either.
  public func outcome() throws -> Replica.Outcome {
    if case .running(let loss, let count, var seconds, let allowsNonfinite) = state {
      var stopwatch = Stopwatch()
      let sum = loss.value()
      seconds.backward += stopwatch.lap()
      if sum.isFinite || allowsNonfinite {
        state = .over(.success(Replica.Outcome(loss: sum / Double(count), count: count, seconds: seconds)))
      } else {
        let error = NonfiniteLoss(rank: 0, step: number)
        fail(error)
        replica?.takeBack(self, error)
      }
    }
    guard case .over(let result) = state else { preconditionFailure("step \(number) was waited for and is not over") }
    return try result.get()
  }

  /// Ends the step with an error, because of which the GPU did not make it.
  func fail(_ error: any Error) { state = .over(.failure(error)) }
}
