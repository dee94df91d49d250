import Autograd
import Collective

extension Replica {
  /// Makes one training step, or the last piece of one. Collective.
  ///
  /// It returns when the step is over; ``start(_:count:reduction:loss:meanwhile:)`` does not wait for a GPU.
  ///
  /// - Parameters:
  ///   - batch: This rank's part of the global batch; nil or empty where it has no samples (any more). Its inputs are
  ///     given to the model in the type of the parameters, but for `int64`, as of tokens, which stays.
  ///   - count: What this rank adds to the number that the summed loss and gradients of all ranks are divided by, where
  ///     that is not the number of samples: the tokens that are no padding, say, or the sum of the weights of its samples'
  ///     classes. Such a step is not recorded. Either all ranks give one or none; a negative or infinite one traps. Their
  ///     sum is rounded to the parameters' type, in single precision above 2²⁴, but where a GPU decides on steps.
  ///   - reduction: What `loss` gives: the `.sum` of the losses of the batch's samples, where a mean traps, or their
  ///     `.mean`, which is multiplied by their number, or by `count` where that is given.
  ///   - loss: From the model's output and the targets. Where steps are recorded, it is not called again but for batches
  ///     of another shape: it may depend on nothing else. What it uses is trained only if it belongs to the model.
  ///   - meanwhile: Called while a GPU computes, before anybody waits for it: the place to bring the next batch.
  /// - Throws: ``NonfiniteLoss`` on all ranks, before the parameters are changed; when communication fails; what
  ///   `loss` and `meanwhile` throw. Where `loss` throws, nothing is changed, and the pieces of the step are forgotten; if
  ///   it does on this rank alone, the others wait.
  public func step(
    _ batch: Batch?, count: Double? = nil, reduction: LossReduction = .sum, loss: Loss,
    meanwhile: () throws -> Void = {}
  ) throws -> Outcome {
    try start(batch, count: count, reduction: reduction, loss: loss, meanwhile: meanwhile).outcome()
  }

  /// The same with the cross entropy of class labels. Collective.
  public func step(
    _ batch: Batch?, count: Double? = nil, meanwhile: () throws -> Void = {}
  ) throws -> Outcome {
    try step(batch, count: count, loss: { crossEntropy($0, $1, reduction: .sum) }, meanwhile: meanwhile)
  }

  /// The same for a model of any kind, as one that takes several tensors. Collective.
  ///
  ///     try replica.step(batch) { batch in
  ///       binaryCrossEntropyWithLogits(model(batch[0], batch[1]), batch[2], reduction: .sum)
  ///     }
  ///
  /// - Parameter loss: From a batch whose tensors have the types that the data set gave them. It calls the model.
  public func step(
    _ batch: Batch?, count: Double? = nil, reduction: LossReduction = .sum, loss: BatchLoss,
    meanwhile: () throws -> Void = {}
  ) throws -> Outcome {
    try start(batch, count: count, reduction: reduction, loss: loss, meanwhile: meanwhile).outcome()
  }

  /// Makes a step that the processor decides on, once it has the sum of the losses.
  func makeStep(_ batch: Batch?, count: Double?, loss: SummedLoss, meanwhile: () throws -> Void) throws -> Outcome {
    try compute(batch, count: count, loss: loss, isLast: true)
    defer { progress = StepProgress() }
    try meanwhile()
    var stopwatch = Stopwatch()
    var seconds = progress.seconds
    try profiled(.allReduce) {
      try reducer.finish()
      if let reducerOnGPU { try waitForGPU(step: stepCount + 1) { reducerOnGPU.hasEnded } }
      try shardBuffers?.endStep(communicator)
    }
    seconds.communication += stopwatch.lap()
    let sums = StepSums(tail: arena.tailValues, measureNames: measureNames)
    // A GPU's computation ends here.
    seconds.backward += stopwatch.lap()
    let interruption = try interruption(isRequested: sums.isInterrupted)
    guard sums.count > 0 else {
      return Outcome(
        loss: 0, count: 0, measures: [:], gradientNorm: nil, interruption: interruption, seconds: seconds)
    }
    guard sums.loss.isFinite || allowsNonfinite else {
      reducer.forget()
      throw NonfiniteLoss(rank: sums.firstNonfiniteRank, step: stepCount + 1)
    }
    let norm = try profiled(.optimizer) {
      let norm = try gradientNorm(count: sums.count)
      let factor =
        if let norm, let gradientNormLimit { clippingFactor(norm: norm, limit: gradientNormLimit) } else { 1.0 }
      optimizer.update(gradientScale: factor / sums.count)
      try optimizer.gatherParameters()
      return norm
    }
    stepCount += 1
    try tuneBuckets(after: seconds)
    seconds.optimizer += stopwatch.lap()
    return Outcome(
      loss: sums.loss / sums.count, count: sums.count, measures: sums.measures(of: sums.count), gradientNorm: norm,
      interruption: interruption, seconds: seconds)
  }

  /// The norm of the gradients of the mean loss of so many samples, where it has a limit. Collective where the optimizer is
  /// sharded.
  private func gradientNorm(count: Double) throws -> Double? {
    guard gradientNormLimit != nil else { return nil }
    return try optimizer.gradientSquares(isWhole: isReproducible || reducerOnGPU != nil).squareRoot() / count
  }

  /// Computes a piece of this rank's part of a step that is not the last, as within PyTorch's `no_sync()`.
  ///
  /// Its gradients are added to those of the next ``step(_:count:reduction:loss:meanwhile:)``, which divides them by the samples of
  /// all pieces: a step of several pieces is the step of one batch of all their samples, but for batch normalization,
  /// whose statistics are those of a piece, and rows that the loss gathers. Not collective, but for synchronized batch
  /// normalization and such rows. The arguments are those of the step.
  ///
  /// - Throws: When communication fails; what `loss` throws.
  public func accumulate(
    _ batch: Batch?, count: Double? = nil, reduction: LossReduction = .sum, loss: Loss
  ) throws {
    try accumulate(batch, count: count, reduction: reduction) { try self.loss(of: $0, by: loss) }
  }

  /// The same with the cross entropy of class labels.
  ///
  /// - Throws: When communication fails.
  public func accumulate(_ batch: Batch?, count: Double? = nil) throws {
    try accumulate(batch, count: count) { crossEntropy($0, $1, reduction: .sum) }
  }

  /// The same for a model of any kind. The arguments are those of its step.
  ///
  /// - Throws: When communication fails; what `loss` throws.
  public func accumulate(
    _ batch: Batch?, count: Double? = nil, reduction: LossReduction = .sum, loss: BatchLoss
  ) throws {
    try compute(batch, count: count, loss: { try sum(of: $0, count: count, reduction, loss) }, isLast: false)
    if isReproducible { reducer.keepShard() }
  }
}
