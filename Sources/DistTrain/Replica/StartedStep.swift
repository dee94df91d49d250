import Autograd

/// A training step that was started, and that a GPU may still be computing.
public final class StartedStep {
  /// The number of the step, from 1, as ``Replica/stepCount`` counts them.
  public let number: Int
  private weak var replica: Replica?
  private var state: State

  private enum State {
    case running(
      LossReadings.Reading, count: Double, measureNames: [String], interruption: Interruption?,
      seconds: TrainingRecord.Seconds, allowsNonfinite: Bool)
    case over(Result<Replica.Outcome, any Error>)
  }

  /// A step that is over.
  init(number: Int, _ outcome: Replica.Outcome) {
    self.number = number
    state = .over(.success(outcome))
  }

  /// The step of a replica that a GPU is computing: of `count` samples, the sum of whose losses, or all ``StepSums``, are on
  /// their way.
  init(
    of replica: Replica, _ sums: LossReadings.Reading, count: Double, interruption: Interruption?,
    seconds: TrainingRecord.Seconds
  ) {
    number = replica.stepCount
    self.replica = replica
    state = .running(
      sums, count: count, measureNames: replica.measureNames, interruption: interruption, seconds: seconds,
      allowsNonfinite: replica.allowsNonfinite)
  }

  /// Whether it is known what the step did, so that ``outcome()`` does not wait.
  public var isOver: Bool { if case .over = state { true } else { false } }

  /// What the step did, once it is over.
  ///
  /// - Throws: ``NonfiniteLoss`` of this step, or of the one before, because of which this one was not made either; when
  ///   communication fails.
  public func outcome() throws -> Replica.Outcome {
    if case .running(let reading, let count, let names, let interruption, var seconds, let allowsNonfinite) = state {
      var stopwatch = Stopwatch()
      try replica?.waitForGPU(step: number) { reading.isThere }
      let values = reading.values()
      let sums = values[0]
      seconds.backward += stopwatch.lap()
      if sums[0].isFinite || allowsNonfinite {
        let norm = values.count == 1 ? nil : values[1][0].squareRoot() / count
        let measures = StepSums(tail: sums, measureNames: names).measures(of: count)
        state = .over(
          .success(
            Replica.Outcome(
              loss: sums[0] / count, count: count, measures: measures, gradientNorm: norm,
              interruption: interruption, seconds: seconds)))
      } else {
        let rank = sums.count == 1 ? 0 : StepSums(tail: sums, measureNames: names).firstNonfiniteRank
        let error = NonfiniteLoss(rank: rank, step: number)
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
