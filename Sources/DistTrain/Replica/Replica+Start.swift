import Autograd

/// The steps of which all is done on GPUs, and for which nobody waits: a GPU decides whether the weights are changed.
extension Replica {
  /// Starts a training step, or the last piece of one. Collective.
  ///
  /// One rank alone on a GPU, and ranks whose GPUs add up gradients themselves, wait for the step before this one only, so
  /// that a GPU always has something to do. Everywhere else, and while sizes of buckets are measured, the step is over on
  /// return. ``step(_:count:reduction:loss:meanwhile:)`` describes the arguments.
  ///
  /// Parameters that are read before ``StartedStep/outcome()`` are those after the step; the last step's outcome is to be
  /// asked for, or nobody is told of its loss.
  ///
  /// - Throws: What ``step(_:count:reduction:loss:meanwhile:)`` throws, and ``NonfiniteLoss`` of the step before. A step that a GPU was
  ///   asked for is made though `meanwhile` throws.
  public func start(
    _ batch: Batch?, count: Double? = nil, reduction: LossReduction = .sum, loss: Loss,
    meanwhile: () throws -> Void = {}
  ) throws -> StartedStep {
    try start(
      batch, count: count, reduction: reduction, loss: { try self.loss(of: $0, by: loss) }, meanwhile: meanwhile)
  }

  /// The same with the cross entropy of class labels. Collective.
  ///
  /// - Throws: The same.
  public func start(
    _ batch: Batch?, count: Double? = nil, meanwhile: () throws -> Void = {}
  ) throws -> StartedStep {
    try start(batch, count: count, loss: { crossEntropy($0, $1, reduction: .sum) }, meanwhile: meanwhile)
  }

  /// The same for a model of any kind. Collective.
  ///
  /// - Throws: The same.
  public func start(
    _ batch: Batch?, count: Double? = nil, reduction: LossReduction = .sum, loss: BatchLoss,
    meanwhile: () throws -> Void = {}
  ) throws -> StartedStep {
    try startSummed(
      batch, count: count, loss: { try sum(of: $0, count: count, reduction, loss) }, meanwhile: meanwhile)
  }

  /// Starts a step with the sum of the losses.
  private func startSummed(
    _ batch: Batch?, count givenCount: Double?, loss: SummedLoss, meanwhile: () throws -> Void
  ) throws -> StartedStep {
    guard let updates, !isTuningBuckets else {
      let outcome = try makeStep(batch, count: givenCount, loss: loss, meanwhile: meanwhile)
      return StartedStep(number: stepCount, outcome)
    }
    defer { progress = StepProgress() }
    let (count, allAgree, isInterrupted) = try countSamples(with: batch, givenCount)
    let interruption = try interruption(isRequested: isInterrupted)
    guard count > 0 else {
      try meanwhile()
      return StartedStep(
        number: stepCount,
        Outcome(
          loss: 0, count: 0, measures: [:], gradientNorm: nil, interruption: interruption, seconds: progress.seconds))
    }
    let sums = try startComputing(batch, ownCount: givenCount, loss: loss, count: count, allAgree: allAgree, updates)
    stepCount += 1
    let started = StartedStep(
      of: self, updates.read(sums), count: count, interruption: interruption, seconds: progress.seconds)
    let before = lastStarted
    lastStarted = started
    let preparation = Result(catching: meanwhile)
    // Whatever `meanwhile` throws: its reading is overwritten by the next one.
    _ = try before?.outcome()
    try preparation.get()
    return started
  }

  /// The samples of all ranks in the step that ends with a batch, whether all ranks can record it, or all repeat what
  /// they recorded, and whether some rank was asked to end.
  private func countSamples(
    with batch: Batch?, _ givenCount: Double?
  ) throws -> (count: Double, allAgree: Bool, isInterrupted: Bool) {
    let own = progress.count + Self.count(of: batch, givenCount)
    guard communicator.size > 1 else { return (own, true, Interruption.received != nil) }
    let isWhole = progress.pieceCount == 0 && givenCount == nil
    let prospect = isWhole ? batch.flatMap { recorder?.prospect(of: $0) } : nil
    var sums = [
      own, Interruption.received == nil ? 0 : 1, prospect == .recording ? 1 : 0, prospect == .repeating ? 1 : 0,
    ]
    try communicator.allReduce(&sums, .sum)
    return (sums[0], sums[2...].contains(Double(communicator.size)), sums[1] > 0)
  }

  /// Asks the GPU for the gradients of a step of `count` samples of all ranks, and for the update; gives the sum of the
  /// losses, with several ranks all of ``StepSums``.
  private func startComputing(
    _ given: Batch?, ownCount: Double?, loss: SummedLoss, count: Double, allAgree: Bool, _ updates: GuardedUpdates
  ) throws -> Tensor {
    requireSameTrainedParameters()
    let isWhole = progress.pieceCount == 0
    let part = cut.part(rank: communicator.rank, piece: progress.pieceCount, worldSize: communicator.size)
    func update() { profiled(.optimizer) { optimizer.update(gradientScale: 1 / count) } }
    func computeAndUpdate(_ batch: Batch?) throws -> Tensor? {
      if isWhole { reducer.begin() }
      let count = Self.count(of: given, ownCount)
      _ = try differentiate(batch, count: count, part: part, loss: loss, isLast: true)
      guard readsStepSums else {
        let sum = progress.lossSum?.to(arena.device).cast(to: arena.dtype)
        if let sum { updates.make(after: sum, gradients: arena.flatGradients, update) }
        return sum
      }
      try profiled(.allReduce) { _ = try reducer.finish() }
      updates.make(after: arena.lossSum, gradients: arena.flatGradients, update)
      try profiled(.optimizer) { try optimizer.gatherParameters() }
      return arena.tailArray
    }
    let batch = (lossExchange?.batch(for: given) ?? given).map(staged)
    let sums =
      if isWhole, ownCount == nil, let recorder, let batch {
        try recorder.run(
          batch, allAgree: allAgree, drawing: { random.draw(step: stepCount, part: part, $0) }, update: update,
          computeAndUpdate)
      } else {
        try computeAndUpdate(batch)
      }
    guard let sums else { preconditionFailure("\(count) samples without a loss") }
    return sums
  }

  /// Takes back a step that the GPU left out, and the one that may have been started after it.
  func takeBack(_ step: StartedStep, _ error: NonfiniteLoss) {
    let last = lastStarted ?? step
    optimizer.takeBack(last.number - step.number + 1)
    stepCount = step.number - 1
    if last !== step { last.fail(error) }
    lastStarted = nil
    updates?.resume()
    // The optimizer's first step, if it was taken back, is to come again.
    recorder?.forget()
  }
}
