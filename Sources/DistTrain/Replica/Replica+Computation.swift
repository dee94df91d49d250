import Autograd
import Collective

/// What a rank computes of a step by itself: loss and gradients of its pieces.
extension Replica {
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

  /// Whether each piece is a logical shard, whose gradients are kept apart until they are added along the tree.
  var isReproducible: Bool { shardBuffers != nil }

  /// Computes a piece of this rank's samples, on a GPU by repeating what was recorded, where that can be.
  func compute(_ given: Batch?, count givenCount: Double?, loss: SummedLoss, isLast: Bool) throws {
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
    requireSums(sum, measures)
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

  /// A mean cannot be added to those of other pieces and ranks.
  private func requireSums(_ loss: Tensor?, _ measures: Measures) {
    if let loss {
      precondition(
        loss.count == 1 && !loss.isMean,
        "the loss of a step is \(loss.count == 1 ? "a mean" : "of shape \(loss.shape)"), expected one number, the sum "
          + "over the batch's samples (reduction: .sum), which the step divides by the number of samples on all ranks; a "
          + "step that is told so takes a mean: step(batch, reduction: .mean) { … }")
    }
    if let mean = measures.means.min() {
      preconditionFailure(
        "the measure '\(measureNames[mean])' of a step is a mean, expected a sum as that of the losses")
    }
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
