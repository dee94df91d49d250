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

  /// The loss of a batch of inputs, which are given to the model, and targets.
  func loss(of batch: Batch, by loss: Loss) throws -> Tensor {
    guard let layer = model as? any Layer else {
      preconditionFailure(
        "\(type(of: model)) is no Layer: a step needs a loss of the batch, as in replica.step(batch) { batch in … }")
    }
    return try loss(layer(batch.inputs(as: arena.dtype)), batch.targets)
  }

  /// The sum of the losses of a batch, from what a closure gives; nil for a mean over nothing, which is not a number and
  /// has no gradients that are.
  func sum(of batch: Batch, count: Double?, _ reduction: LossReduction, _ loss: BatchLoss) throws -> Tensor? {
    precondition(reduction != .none, "a step of losses that are not reduced, expected their sum or mean")
    guard reduction == .mean else { return try loss(batch) }
    let count = Self.count(of: batch, count)
    guard count == 0 else {
      let sum = try loss(batch) * count
      measured = measured?.times(count)
      return sum
    }
    guard lossExchange != nil else { return nil }
    // The backward pass is every rank's; gradients of no rows are of no elements.
    precondition(
      batch.count == 0,
      "a mean over 0 of \(batch.count) samples beside synchronized batch normalization or rows gathered in the "
        + "loss, expected their sum (reduction: .sum)")
    let loss = try loss(batch)
    measured = measured?.times(0)
    return loss.filled(with: 0, where: Tensor(true).to(loss.device))
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

  /// Whether each piece is a logical shard, whose gradients are kept apart until they are added along the tree.
  private var isReproducible: Bool { shardBuffers != nil }

  /// Computes a piece of this rank's samples, on a GPU by repeating what was recorded, where that can be.
  private func compute(_ given: Batch?, count givenCount: Double?, loss: SummedLoss, isLast: Bool) throws {
    requireSameTrainedParameters()
    let isFirst = progress.pieceCount == 0
    if isFirst { reducer.begin() }
    let part = cut.part(rank: communicator.rank, piece: progress.pieceCount, worldSize: communicator.size)
    try shardBuffers?.beginShard(isFirstOfRank: isFirst)
    let batch = (lossExchange?.batch(for: given) ?? given).map(staged)
    let count = Self.count(of: given, givenCount)
    func compute() throws -> Tensor? {
      // What other ranks take part in is recorded as a whole step only.
      guard let recorder, let batch, isFirst && isLast && givenCount == nil && communicator.size == 1 else {
        return try differentiate(batch, count: count, part: part, loss: loss, isLast: isLast)
      }
      return try recorder.run(batch, drawing: { random.draw(step: stepCount, part: part, $0) }) {
        try differentiate($0, count: count, part: part, loss: loss, isLast: true)
      }
    }
    // cuDNN or cuBLASLt may choose another algorithm, and so another order of additions, on another machine.
    let needsOwnKernels = isReproducible && arena.device != .cpu
    _ = try needsOwnKernels ? Kernels.choosing(generic: true, compute) : compute()
  }

  /// Runs the model forward and backward on a piece, of which `count` samples are this rank's; gives the sum of the losses.
  func differentiate(_ batch: Batch?, count: Double, part: Int, loss: SummedLoss, isLast: Bool) throws -> Tensor? {
    var stopwatch = Stopwatch()
    if progress.pieceCount == 0 || isReproducible { arena.zeroGrad() }
    let sum: Tensor?
    var measures = Measures(count: measureNames.count)
    do {
      measured = measures
      defer { measured = nil }
      sum = try batch.flatMap { batch in
        guard batch.count > 0 || lossExchange != nil else { return nil as Tensor? }
        return try profiled(.forward) {
          try random.draw(step: stepCount, part: part) { try loss(batch) }
        }
      }
      measures = measured ?? measures
    } catch {
      reducer.abandon()
      progress = StepProgress()
      throw error
    }
    if let sum {
      precondition(
        sum.count == 1 && !sum.isMean,
        "the loss of a step is \(sum.count == 1 ? "a mean" : "of shape \(sum.shape)"), expected one number, the sum over "
          + "the batch's samples (reduction: .sum), which the step divides by the number of samples on all ranks; a step "
          + "that is told so takes a mean: step(batch, reduction: .mean) { … }")
    }
    if let mean = measures.means.min() {
      preconditionFailure(
        "the measure '\(measureNames[mean])' of a step is a mean, expected a sum as that of the losses")
    }
    try lossExchange?.check()
    try shardBuffers?.endShard(part)
    if readsStepSums {
      var soFar = isReproducible ? StepProgress() : progress
      soFar.add(loss: sum, count: count, measures)
      arena.setStepSums(soFar, isInterrupted: Interruption.received != nil, rank: communicator.rank)
    }
    progress.seconds.forward += stopwatch.lap()

    secondsInBackward = 0
    // What is exchanged with other ranks is in the backward pass too: buckets wait for its end, so that all ranks make the
    // same calls in the same order whichever parameters they use.
    gradientsAreFinal = isLast && lossExchange == nil
    defer { gradientsAreFinal = false }
    try profiled(.backward) { try sum?.backward() }
    if let communicationError { throw communicationError }
    try lossExchange?.check()
    if isLast || isReproducible { arena.fillMissingGradients() }
    progress.seconds.backward += stopwatch.lap() - secondsInBackward
    progress.seconds.communication += secondsInBackward
    progress.add(loss: sum, count: count, measures)
    return sum?.detached()
  }

  /// What a batch adds to the divisor of a step.
  static func count(of batch: Batch?, _ given: Double?) -> Double {
    let count = given ?? Double(batch?.count ?? 0)
    precondition(count >= 0 && count.isFinite, "a step over \(count) samples")
    return count
  }

  /// Which parameters have gradients was settled when the replica was made: another choice would go unheard.
  func requireSameTrainedParameters() {
    for (name, parameter) in arena.parameters where !parameter.requiresGrad {
      preconditionFailure("parameter \(name) was frozen after the replica was made: make another, after this one")
    }
    if let name = arena.strayParameter {
      preconditionFailure(
        "parameter \(name) is not in the replica's memory any more: it was converted, moved to a device, or given to another "
          + "replica, after this one was made")
    }
    for (name, parameter) in frozenParameters where parameter.requiresGrad {
      preconditionFailure(
        "parameter \(name) was frozen when the replica was made: make another, after this one, to train it")
    }
  }
}

/// What one rank has computed of a step.
struct StepProgress {
  private(set) var pieceCount = 0
  /// The sum of this rank's losses; nil before it has any.
  private(set) var lossSum: Tensor?
  /// This rank's samples, or what it counted in their place.
  private(set) var count = 0.0
  private(set) var measures = Measures(count: 0)
  var seconds = TrainingRecord.Seconds()

  mutating func add(loss: Tensor?, count: Double, _ piece: Measures) {
    pieceCount += 1
    if let loss {
      let loss = loss.detached()
      lossSum = lossSum.map { $0.cast(to: .float64) + loss.cast(to: .float64) } ?? loss
    }
    self.count += count
    if pieceCount == 1 { measures = Measures(count: piece.sums.count) }
    measures.add(piece)
  }
}
