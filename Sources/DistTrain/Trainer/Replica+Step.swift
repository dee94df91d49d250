import Autograd
import Collective

extension Replica {
  /// Makes one training step, or the last piece of one. Collective.
  ///
  /// - Parameters:
  ///   - batch: This rank's part of the global batch; nil or empty where it has no samples (any more).
  ///   - loss: The sum of the losses of a batch, from the model's output and the targets.
  /// - Throws: ``NonfiniteLoss`` on all ranks, before the parameters are changed; when communication fails.
  public func step(
    _ batch: Batch?, loss: Loss = { crossEntropy($0, $1, reduction: .sum) }
  ) throws -> Outcome {
    try compute(batch, loss: loss, isLast: true)
    defer { progress = StepProgress() }
    var stopwatch = Stopwatch()
    var seconds = progress.seconds
    try reducer.finish()
    try shardBuffers?.endStep(communicator)
    seconds.communication += stopwatch.lap()
    let sums = arena.tailValues
    let (total, count) = (sums[0], sums[1])
    guard count > 0 else { return Outcome(loss: 0, count: 0, seconds: seconds) }
    if !total.isFinite && !allowsNonfinite { throw try nonfiniteLoss(isFinite: progress.loss.isFinite) }
    optimizer.step(gradientScale: 1 / count)
    stepCount += 1
    seconds.optimizer += stopwatch.lap()
    return Outcome(loss: total / count, count: Int(count), seconds: seconds)
  }

  /// Computes a piece of this rank's part of a step that is not the last, as within PyTorch's `no_sync()`.
  ///
  /// Its gradients are added to those of the next ``step(_:loss:)``, whose samples it takes part in: a step of several
  /// pieces is the step of one batch of all their samples. Not collective, but for synchronized batch normalization.
  ///
  /// - Throws: When communication fails.
  public func accumulate(
    _ batch: Batch?, loss: Loss = { crossEntropy($0, $1, reduction: .sum) }
  ) throws {
    try compute(batch, loss: loss, isLast: false)
    if isReproducible { reducer.keepShard() }
  }

  /// Whether each piece is a logical shard, whose gradients are kept apart until they are added along the tree.
  private var isReproducible: Bool { shardBuffers != nil }

  /// Runs the model forward and backward on a piece of this rank's samples.
  private func compute(_ given: Batch?, loss: Loss, isLast: Bool) throws {
    var stopwatch = Stopwatch()
    if progress.pieceCount == 0 { reducer.begin() }
    if progress.pieceCount == 0 || isReproducible { arena.zeroGrad() }
    let part = cut.part(rank: communicator.rank, piece: progress.pieceCount, worldSize: communicator.size)
    try shardBuffers?.beginShard(isFirstOfRank: progress.pieceCount == 0)
    let batch = batchStatistics?.batch(for: given) ?? given
    let isComputed = batch.map { $0.count > 0 || batchStatistics != nil } ?? false
    let sum = batch.flatMap { batch in
      guard isComputed else { return nil as Tensor? }
      return random.draw(step: stepCount, part: part) {
        loss(model(batch.inputs.cast(to: arena.dtype)), batch.targets)
      }
    }
    try batchStatistics?.check()
    try shardBuffers?.endShard(part)
    let ownSum = sum?.item() ?? 0
    let count = given?.count ?? 0
    progress.add(loss: ownSum, count: count)
    arena.tailValues = isReproducible ? [ownSum, Double(count)] : [progress.loss, Double(progress.count)]
    progress.seconds.forward += stopwatch.lap()

    secondsInBackward = 0
    // Batch statistics are exchanged in the backward pass too: buckets wait for its end, so that all ranks make the
    // same calls in the same order whichever parameters they use.
    gradientsAreFinal = isLast && batchStatistics == nil
    defer { gradientsAreFinal = false }
    try sum?.backward()
    if let communicationError { throw communicationError }
    try batchStatistics?.check()
    if isLast || isReproducible { arena.fillMissingGradients() }
    progress.seconds.backward += stopwatch.lap() - secondsInBackward
    progress.seconds.communication += secondsInBackward
  }

  /// The error that names the first rank whose own loss is not finite; none is if only their sum overflowed.
  private func nonfiniteLoss(isFinite: Bool) throws -> NonfiniteLoss {
    let first = try communicator.allReduced(Int64(isFinite ? communicator.size : communicator.rank), .minimum)
    return NonfiniteLoss(rank: first < communicator.size ? Int(first) : nil)
  }
}

/// What one rank has computed of a step.
struct StepProgress {
  private(set) var pieceCount = 0
  /// The sum of this rank's losses.
  private(set) var loss = 0.0
  /// This rank's samples.
  private(set) var count = 0
  var seconds = TrainingRecord.Seconds()

  mutating func add(loss: Double, count: Int) {
    pieceCount += 1
    self.loss += loss
    self.count += count
  }
}
