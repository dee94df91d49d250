import Autograd
import Collective

/// A training run: epochs over the shards of a data set, with metrics, evaluations and checkpoints on the way.
///
/// Every rank makes one, with the same configuration, and calls ``run()``. Rank 0 writes the run directory.
public final class Trainer {
  /// Where the run is kept.
  public let directory: RunDirectory
  /// The model with its optimizer.
  public let replica: Replica

  private let configuration: TrainingConfiguration
  private let communicator: any Communicator
  private let model: any Layer
  private let kind: ImageModel
  private let test: any Dataset
  private var feed: BatchFeed
  private var step: Int
  /// Of the number of the step, from 0.
  private let schedule: any LearningRateSchedule
  /// The last step, while it is not known what it did.
  private var pending: PendingStep?
  /// What asked for the end of the job.
  private var interruption: Interruption?
  private var log: RunLog?
  /// Of rank 0, until the run ends.
  private var lock: RunLock?
  /// Where the sizes of buckets are kept that this run is measuring.
  private var bucketCache: BucketCache?

  /// Reads the data, makes or finds the run directory and, to resume, reads the checkpoint. Collective.
  ///
  /// - Parameters:
  ///   - resume: Whether to go on with the run that is in the directory.
  ///   - prefetch: How many batches a background thread makes ahead; worth it where a rank has a core to spare.
  ///   - display: Where progress is shown by rank 0.
  ///   - cache: Where rank 0 keeps what it measures.
  /// - Throws: What is wrong with configuration, data, directory or checkpoint: on the first rank that met it the error
  ///   itself, on the others a `PeerFailure`.
  public init(
    _ configuration: TrainingConfiguration, resume: Bool, communicator: any Communicator, prefetch: Int = 0,
    display: ProgressDisplay.Output = .standardError(), cache: CacheFolder = CacheFolder()
  ) throws {
    try communicator.agree(on: "checking the configuration") {
      try configuration.validate()
      try configuration.compress?.validate(for: communicator)
      try configuration.cut.validate(worldSize: communicator.size, globalBatch: configuration.globalBatch)
    }
    try communicator.verifySame(configuration.yaml(), what: "the configuration")
    let (kind, training, test, changed) = try communicator.agree(on: "reading the data set") {
      let folder = ImageFolder(path: configuration.data)
      let kind = ImageModel(
        Workload(configuration.model), imageSize: configuration.imageSize, classNames: try folder.classNames())
      let training = try folder.images(.train, for: kind)
      try training.check(for: configuration, ranks: communicator.size)
      let test = try folder.images(.test, for: kind)
      return (kind, training, test, try configuration.augment.augmented(training, of: kind.imageSize))
    }
    try communicator.verifySame(
      (["training images: \(training.count)", "test images: \(test.count)"] + (kind.classNames ?? []))
        .joined(separator: "\n"), what: "the data set")
    self.kind = kind
    self.configuration = configuration
    self.communicator = communicator
    self.test = test
    let device = try communicator.openDevice(configuration.device)
    manualSeed(configuration.seed)
    let shards = Shards(
      sampleCount: training.count, globalBatch: configuration.globalBatch, rank: communicator.rank,
      worldSize: communicator.size, dropLast: configuration.dropLast, cut: configuration.cut)
    schedule = try communicator.agree(on: "choosing the learning rates") {
      try configuration.schedule.schedule(
        warmup: configuration.warmup, totalSteps: configuration.totalSteps(of: shards.stepsPerEpoch))
    }
    model = kind.make().convert(to: DataType(configuration.precision))
    let beginning = try communicator.agree(on: "reading the weights to begin with") { [model] () throws -> String? in
      guard communicator.rank == 0, !resume, let path = configuration.weights else { return nil }
      return try model.begin(withWeightsOf: RunDirectory.weights(at: path))
    }
    replica = try Replica(model.to(device), configuration.optimizer.rule(configuration), configuration, communicator)
    feed = BatchFeed(
      ShardLoader(changed, shards: shards, seed: configuration.seed, prefetch: prefetch), for: replica)
    (directory, lock) = try communicator.agreeOnDirectory(configuration, resume: resume)
    step = 0
    if resume { step = try resumeFromCheckpoint() }
    log = try communicator.agree(on: "opening the run directory") {
      guard communicator.rank == 0 else { return nil }
      return try RunLog(
        configuration, directory: directory, resumedStep: resume ? step : nil, totalSteps: totalSteps,
        epochs: epochs, display: display)
    }
    if let beginning { log?.message(beginning) }
    if replica.isTuningBuckets { try findBuckets(in: cache) }
    if communicator.size > 1 { log?.message("buckets: \(replica.buckets)") }
    if let sums = replica.gradientSums { log?.message("gradients are added up \(sums)") }
  }

  /// Trains to the end and returns the evaluation of the trained model on the test images. Collective.
  ///
  /// - Throws: ``TrainingStopped`` with the step, for a ``NonfiniteLoss`` or a `ReplicaMismatch`; ``Interruption``, after a
  ///   checkpoint; ``FileError``; or a failure of communication.
  public func run() throws -> Evaluation {
    defer {
      log?.endDisplay()
      lock = nil
    }
    return try withProductPrecision(ProductPrecision(configuration.precision)) { try trainAndEvaluate() }
  }

  private func trainAndEvaluate() throws -> Evaluation {
    // Whenever the run is ended, it can be resumed.
    if step == 0 { try writeCheckpoint() }
    if step == totalSteps {
      let limit = configuration.limit(of: feed.loader.shards.stepsPerEpoch)
      log?.message("step \(step) of \(totalSteps): nothing is left to do, for \(limit)")
    }
    var evaluation: Evaluation?
    log?.skipElapsedTime()
    while step < totalSteps {
      let (epoch, position) = step.quotientAndRemainder(dividingBy: feed.loader.shards.stepsPerEpoch)
      try trainOneStep(epoch: epoch, position: position)
      evaluation = endsEpoch(position) ? try evaluate(epoch: epoch) : nil
      let isEnding = interruption != nil && step < totalSteps
      if isCheckpointDue || evaluation != nil || isEnding {
        try writeCheckpoint()
        log?.skipElapsedTime()
      }
      if isEnding, let interruption {
        log?.message("step \(step) of \(totalSteps): the checkpoint is written, --resume goes on from here")
        throw interruption
      }
    }
    let final = try evaluation ?? evaluate()
    try communicator.agree(on: "writing the trained model") { try log?.finish(model: model, of: kind) }
    return final
  }

  /// The steps of the whole run.
  private var totalSteps: Int { configuration.totalSteps(of: feed.loader.shards.stepsPerEpoch) }

  /// The epochs of the whole run; the last may not be complete.
  private var epochs: Int { (totalSteps - 1) / feed.loader.shards.stepsPerEpoch + 1 }

  private func trainOneStep(epoch: Int, position: Int) throws {
    var dataSeconds = 0.0
    func batch(_ piece: Int) throws -> Batch {
      var stopwatch = Stopwatch()
      defer { dataSeconds += stopwatch.lap() }
      return try feed.batch(epoch: epoch, step: position, piece: piece)
    }
    step += 1
    replica.learningRate = learningRate(ofStep: step)
    let lastPiece = feed.loader.shards.pieceCount - 1
    do {
      for piece in 0..<lastPiece { try replica.accumulate(batch(piece)) }
      let started = try replica.start(
        batch(lastPiece), meanwhile: { try feed.prepare(epoch: epoch, step: position + 1) })
      try reportPending()
      pending = PendingStep(
        started: started, step: step, epoch: epoch + 1, dataSeconds: dataSeconds, isLast: endsEpoch(position))
      let isVerificationDue = configuration.verifyReplicas > 0 && step.isMultiple(of: configuration.verifyReplicas)
      if started.isOver || endsEpoch(position) || isCheckpointDue || isVerificationDue { try reportPending() }
      if interruption != nil { try reportPending() }
      if !replica.isTuningBuckets { keepBuckets() }
      if isVerificationDue { try replica.verify() }
    } catch let error as NonfiniteLoss {
      throw TrainingStopped(
        step: error.step, epoch: (error.step - 1) / feed.loader.shards.stepsPerEpoch + 1, reason: error)
    } catch let error as ReplicaMismatch {
      throw TrainingStopped(step: step, epoch: epoch + 1, reason: error)
    }
  }

  /// That of a step, counted from 1.
  private func learningRate(ofStep number: Int) -> Double {
    schedule.learningRate(at: number - 1, base: configuration.learningRate)
  }

  /// Whether the step after which `position + 1` steps of the epoch are made is its last, or the last of all.
  private func endsEpoch(_ position: Int) -> Bool {
    step == totalSteps || position + 1 == feed.loader.shards.stepsPerEpoch
  }

  private var isCheckpointDue: Bool {
    configuration.checkpointEvery > 0 && step.isMultiple(of: configuration.checkpointEvery)
  }

  /// Waits for the last step, if its outcome is not known, and takes note of it.
  private func reportPending() throws {
    guard let pending = pending.take() else { return }
    let outcome = try pending.started.outcome()
    interruption = interruption ?? outcome.interruption
    var seconds = outcome.seconds
    seconds.data = pending.dataSeconds
    try log?.add(
      step: pending.step, epoch: pending.epoch, outcome, learningRate: learningRate(ofStep: pending.step),
      seconds: seconds, isLast: pending.isLast)
  }

  /// Takes the sizes of buckets that an earlier run like this one measured. Collective.
  private func findBuckets(in folder: CacheFolder) throws {
    let cache = try BucketCache(configuration, replica, communicator, folder: folder)
    var found: BucketSizes?
    if communicator.rank == 0 {
      do { found = try cache.read() } catch { log?.message("note: buckets are measured anew: \(error)") }
    }
    if let sizes = BucketSizes(try communicator.broadcast(found?.description ?? "", from: 0)) {
      try replica.use(ChosenBuckets(sizes: sizes, origin: .cached))
    } else {
      bucketCache = cache
    }
  }

  /// Keeps the sizes of buckets that were just measured, for later runs.
  private func keepBuckets() {
    guard let cache = bucketCache else { return }
    bucketCache = nil
    guard communicator.rank == 0 else { return }
    log?.message("buckets: \(replica.buckets)")
    do { try cache.write(replica.buckets.sizes) } catch { log?.message("note: that is not kept: \(error)") }
  }

  private func evaluate() throws -> Evaluation {
    try Evaluation(of: model, on: test, communicator: communicator, batch: kind.evaluationBatch)
  }

  private func evaluate(epoch: Int) throws -> Evaluation {
    let evaluation = try evaluate()
    try communicator.agree(on: "writing the evaluation") {
      try log?.add(step: step, epoch: epoch + 1, evaluation, of: model, kind: kind)
    }
    return evaluation
  }

  private var identity: [(key: String, value: String)] {
    configuration.identity(kind, sampleCount: feed.loader.dataset.count)
  }

  private func writeCheckpoint() throws {
    try communicator.agree(on: "writing the metrics") { try log?.synchronize() }
    try replica.writeCheckpoint(to: directory.checkpoint, identity: identity)
  }

  /// Gives every rank the checkpoint's state and step.
  private func resumeFromCheckpoint() throws -> Int {
    try replica.resume(from: directory.checkpoint, identity: identity)
    try communicator.agree(on: "reading the checkpoint") {
      guard communicator.rank == 0, replica.stepCount > totalSteps else { return }
      throw FileError(
        directory.checkpoint,
        "is from after step \(replica.stepCount), and this run would end after step \(totalSteps): raise --steps or --epochs"
      )
    }
    return replica.stepCount
  }
}

extension TrainingConfiguration {
  fileprivate func totalSteps(of stepsPerEpoch: Int) -> Int {
    let (all, overflow) = epochs.multipliedReportingOverflow(by: stepsPerEpoch)
    return min(steps ?? .max, overflow ? .max : all)
  }

  /// What decides the ``totalSteps(of:)``, in words.
  fileprivate func limit(of stepsPerEpoch: Int) -> String {
    if let steps, steps == totalSteps(of: stepsPerEpoch) { return "--steps is \(steps)" }
    return "--epochs is \(epochs)"
  }
}

/// A step that was started.
private struct PendingStep {
  let started: StartedStep
  let step: Int
  /// From 1.
  let epoch: Int
  let dataSeconds: Double
  /// Whether it is the last of its epoch.
  let isLast: Bool
}
