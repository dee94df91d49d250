import Autograd
import Collective

/// One rank's copy of a model, trained in step with the copies of all other ranks.
///
/// A step computes the gradients of the *sum* of this rank's losses, adds up gradients, losses and sample counts over
/// all ranks while the backward pass goes on, and divides by the number of samples that really took part. So a short
/// batch, a rank without samples, and a batch that is computed in pieces give exactly what one process would compute
/// from the whole batch.
public final class Replica {
  /// The loss of a batch, from the model's output and the targets, or the inputs where the batch has no other tensor.
  public typealias Loss = (_ output: Tensor, _ targets: Tensor) throws -> Tensor

  /// The loss of a batch, by a closure that calls the model itself.
  public typealias BatchLoss = (_ batch: Batch) throws -> Tensor

  /// The sum of the losses of a batch, or nil where there is nothing to be summed.
  typealias SummedLoss = (_ batch: Batch) throws -> Tensor?

  /// The model.
  public let model: Module
  /// Its parameters, flat.
  public let arena: ParameterArena
  /// The steps that were made, which with seed and piece choose what the model draws at random, as for dropout.
  /// ``resume(from:identity:tensors:)`` sets it.
  public package(set) var stepCount = 0

  /// The sizes of the buckets in which gradients are all-reduced.
  public internal(set) var buckets: ChosenBuckets

  /// The parameters that are not trained.
  let frozenParameters: [(name: String, parameter: Parameter)]
  var optimizer: ArenaOptimizer
  /// Makes an optimizer whose parts, if it is sharded, follow from the buckets.
  let makeOptimizer: (BucketPlan) -> ArenaOptimizer
  /// The search for sizes, while it goes on.
  var tuning: BucketTuning?
  /// Whether each rank gets its part of the sums only.
  let scattersSums: Bool
  let communicator: any Communicator
  let reducer: any GradientReduction
  /// The reducer, where GPUs do all of its work.
  let reducerOnGPU: (any ReductionOnGPU)?
  let allowsNonfinite: Bool
  /// What is measured beside the loss.
  let measureNames: [String]
  /// What the loss that is being computed has measured; nil outside of one.
  var measured: Measures?
  /// The largest norm that all gradients of a step together may have.
  let gradientNormLimit: Double?
  let cut: BatchCut
  var random: PieceRandomness
  let shardBuffers: ShardBuffers?
  /// What ranks exchange within the forward and backward passes; nil where they do not.
  let lossExchange: LossExchange?
  /// Whether losses may gather rows of all ranks.
  let gathersInLoss: Bool
  private let uploads: StagedUploads?
  /// Repeats the computation of a step on a GPU, where that is wanted and nothing in it needs the processor.
  let recorder: StepRecorder?
  /// Lets the GPU decide on steps, where nothing in them needs the processor.
  let updates: GuardedUpdates?
  /// The last step that was started; it may not be over on a GPU.
  var lastStarted: StartedStep?
  /// What was computed of the step that is under way.
  var progress = StepProgress()
  /// Whether gradients that become ready are final, so that their all-reduce can start.
  var gradientsAreFinal = false
  private(set) var communicationError: (any Error)?
  var secondsInBackward = 0.0

  /// Makes `model` a replica: it gets the parameters and buffers of rank 0. Collective.
  ///
  /// What the model draws from the thread's default generator, as for dropout, comes from a stream of its own for each
  /// step and piece of the batch; they follow from the seed of rank 0's default generator. So two replicas of a program
  /// draw the same at the same step: where that matters, give what draws a generator of its own, or the default one
  /// another seed before each is made.
  ///
  /// What is trained is settled here. To train other parameters from some step on, as to fine-tune a model of which only
  /// the head was trained before, freeze or unfreeze them on all ranks and make the replica that goes on:
  ///
  ///     model.body.freeze(false)
  ///     replica = try Replica(model, gentler, communicator: communicator, after: replica)
  ///
  /// - Parameters:
  ///   - model: Of the same architecture on all ranks. What is no ``Layer``, as it takes several tensors, is called by the
  ///     loss of a batch: `replica.step(batch) { batch in … }`.
  ///   - options: Of the optimizer: `SGD.Options`, `Adam.Options` or those of another. A rule of your own that does not change
  ///     every element on its own tells so by ``UpdateRule/needsWholeParameters``.
  ///   - groups: Parameters with options of their own, as biases that shall not decay, with those: PyTorch's parameter
  ///     groups. The rule must keep the same for each. All others have `options`. A tensor that is no parameter to be
  ///     trained, or is given twice, traps.
  ///   - communicator: Connects the ranks.
  ///   - choice: Who chooses the sizes of the buckets in which gradients are all-reduced. A measurement is made in the
  ///     first steps, while ``isTuningBuckets``.
  ///   - compression: How gradients are made smaller between nodes.
  ///   - shardsOptimizer: Whether each rank keeps the optimizer's state of its part of the parameters only. A rule that needs
  ///     whole parameters traps then.
  ///   - allowsNonfinite: Whether training goes on after a loss that is not a finite number.
  ///   - gradientNormLimit: The largest Euclidean norm that the gradients of the mean loss over the global batch may have
  ///     together: larger ones are scaled down to it before the update, as by `torch.nn.utils.clip_grad_norm_`.
  ///   - measures: The names of numbers that are measured beside the loss, as an accuracy, by ``measure(_:_:)``.
  ///   - reproducibleShards: The logical shards, a power of two that the number of ranks divides, whose gradients are
  ///     added along one binary tree, so that any number of ranks gives the same bits. Every rank then computes its
  ///     shards by ``accumulate(_:count:reduction:loss:)`` and, the last, by ``step(_:count:reduction:loss:meanwhile:)``, in the order of
  ///     ``BatchCut/logicalShards(_:)``. Threads of this process share no loop from then on.
  ///   - recordsSteps: Whether GPUs record a step when the shapes of its batch come for the third time, and repeat it as
  ///     one piece of work for all batches of these shapes, which saves most of the time of small steps. Model and loss
  ///     must then do the same for all of these: they are not called again, so that nothing in them may depend on the
  ///     number of the step, on a switch that is turned meanwhile, on a state carried over from the step before, or on a
  ///     draw of their own.
  ///   - synchronizesBatchNorm: Whether batch normalization in training takes mean and variance over the parts of all
  ///     ranks, as PyTorch's `SyncBatchNorm`. All ranks then run the model equally often in a step. Where another
  ///     replica's loss runs this model, too, that one needs it as well, or a rank without samples leaves the others waiting.
  ///   - gathersInLoss: Whether losses gather rows of all ranks, by ``allGather(_:)``. All ranks then run the model and the
  ///     loss equally often in a step, those without samples with an empty batch. Gradients are added up after the backward
  ///     pass then, and steps of several ranks are not recorded.
  ///   - earlier: A replica of this model, which this one goes on from: with its number of steps, and its random streams.
  ///     What its optimizer kept is not taken over, as by a new optimizer of PyTorch's. It makes no step after this.
  /// - Throws: When communication fails, the ranks' models differ, as one with other frozen parameters does, or the shards
  ///   do not suit the number of ranks; ``NonfiniteLoss`` of the last step of `earlier`, if nobody asked for its outcome.
  public init<Rule: UpdateRule>(
    _ model: Module, _ options: Rule, groups: [(parameters: [Tensor], options: Rule)] = [],
    communicator: any Communicator,
    buckets choice: BucketChoice = .automatic, compression: GradientCompression? = nil,
    shardsOptimizer: Bool = false, allowsNonfinite: Bool = false, gradientNormLimit: Double? = nil,
    measures: [String] = [], reproducibleShards: Int? = nil, recordsSteps: Bool = false,
    synchronizesBatchNorm: Bool = false, gathersInLoss: Bool = false, after earlier: Replica? = nil
  ) throws {
    try earlier?.end(before: model)
    precondition(
      reproducibleShards == nil || !synchronizesBatchNorm,
      "batch statistics are those of each logical shard: they cannot be synchronized over ranks")
    precondition(
      reproducibleShards == nil || !gathersInLoss,
      "the loss of each logical shard is its own: rows cannot be gathered from all ranks in it")
    self.model = model
    self.communicator = communicator
    self.allowsNonfinite = allowsNonfinite
    precondition(Set(measures).count == measures.count, "measures of a step with one name twice: \(measures)")
    measureNames = measures
    precondition(
      gradientNormLimit.map { $0 > 0 } ?? true,
      "a limit of \(gradientNormLimit ?? 0) for the norm of the gradients, which must be positive")
    self.gradientNormLimit = gradientNormLimit
    let cut = reproducibleShards.map(BatchCut.logicalShards) ?? .ranks(pieces: 1)
    self.cut = cut
    try communicator.agree(on: "cutting the batch") { try cut.validate(worldSize: communicator.size) }
    let rules = [options] + groups.map(\.options)
    Rule.requireOneOptimizer(of: rules, isSharded: shardsOptimizer)
    let wholeParameters = rules.contains { $0.needsWholeParameters }
    let description =
      [
        model.fingerprint, "optimizer: \(options)", "batch: \(cut)", "buckets: \(choice.rawValue)",
        "compression: \(compression?.rawValue ?? "none")", "sharded optimizer: \(shardsOptimizer)",
        "recorded steps: \(recordsSteps)",
        "exchanges in the loss: \(gathersInLoss), statistics: \(synchronizesBatchNorm)",
        "limit of the gradients' norm: \(gradientNormLimit.map { "\($0)" } ?? "none")", "measures: \(measures)",
        "after: \(earlier.map { "step \($0.stepCount) with the seed \($0.random.seed)" } ?? "nothing")",
      ] + groups.map { model.description(ofOptimizer: $0.options, of: $0.parameters) }
    try communicator.verifySame(description.joined(separator: "\n"), what: "the replica")
    let isSharded = shardsOptimizer && communicator.size > 1
    // Whether sharded or not, for sums by NCCL depend on the sizes of arrays.
    let maySumByNCCL = model.device != .cpu && reproducibleShards == nil && compression == nil
    arena = try ParameterArena(
      model, tailCount: StepSums.elementCount(ranks: communicator.size, measures: measures.count),
      partCount: maySumByNCCL ? communicator.size : 1
    ) { contents, byteCount in
      contents == .weights && !isSharded ? nil : try communicator.makeSharedMemory(byteCount: byteCount)
    }
    let plan = arena.plan(of: choice.firstSizes)
    scattersSums = isSharded && reproducibleShards == nil && compression == nil
    reducer = try arena.makeReduction(
      communicator, plan: plan, shards: reproducibleShards.map { $0 / communicator.size },
      scattersSums: scattersSums, compression: compression)
    reducerOnGPU = reducer as? any ReductionOnGPU
    let optionRanges = arena.optionRanges(groups: groups.map(\.parameters), wholeParameters: wholeParameters)
    makeOptimizer = { [arena, reducer] plan in
      ArenaOptimizer(
        arena, shards: shardsOptimizer ? plan.gradientRanges : nil, gpus: (reducer as? NCCLReduction)?.group,
        optionRanges: optionRanges, wholeParameters: wholeParameters, communicator: communicator
      ) { tensors in
        ParameterOptimizer(
          groups: rules.enumerated().map { ParameterGroup(tensors($0), $1) })
      }
    }
    optimizer = makeOptimizer(plan)
    frozenParameters = model.namedParameters().filter { !$0.parameter.requiresGrad }
    // Ranks that each know a part of the gradients add up the squares of their parts, which follow from the buckets.
    let sumsSquaresOfParts = optimizer.partsFollowBuckets && gradientNormLimit != nil && reproducibleShards == nil
    (buckets, tuning) = choice.start(
      arena, communicator, changesBits: reducer.sumsDependOnPlan || sumsSquaresOfParts)
    if tuning != nil { reducer.use(plan, scattersSums: false) }
    uploads = arena.device == .cpu ? nil : StagedUploads(to: arena.device)
    let staysOnGPU = reducerOnGPU != nil && (communicator.size == 1 || !(synchronizesBatchNorm || gathersInLoss))
    updates =
      staysOnGPU && options is any FusedUpdateRule
      ? GuardedUpdates(
        on: arena.device, dtype: arena.dtype, allowsNonfinite: allowsNonfinite, gradientNormLimit: gradientNormLimit,
        updateCount: optimizer.updateCount, readingCapacity: arena.tail.count) : nil
    recorder =
      staysOnGPU && recordsSteps
      ? StepRecorder(on: arena.device, parameters: arena.parameters.map(\.parameter), updates: updates) : nil
    try communicator.broadcastState(of: model)
    random = try earlier?.random ?? PieceRandomness(communicator)
    stepCount = earlier?.stepCount ?? 0
    shardBuffers = reproducibleShards == nil ? nil : ShardBuffers(of: model)
    self.gathersInLoss = gathersInLoss
    lossExchange = synchronizesBatchNorm || gathersInLoss ? LossExchange(communicator) : nil
    if synchronizesBatchNorm { lossExchange?.joinBatchNorm(of: model) }
    if reproducibleShards != nil { BLAS.threadCount = 1 }
    arena.onGradientReady { [unowned self] index in gradientBecameReady(index) }
  }

  /// Makes sure that another replica can go on from here, of the model that is given.
  private func end(before model: Module) throws {
    precondition(self.model === model, "a replica that goes on after one of another model")
    precondition(
      progress.pieceCount == 0,
      "a replica that goes on after one with pieces of a step that was not made: make it first")
    _ = try lastStarted?.outcome()
  }

  deinit {
    // Recorded sums are of the reducer's group, which waits for them to be gone; they go only once they have ended.
    (reducer as? NCCLReduction)?.settle(rank: communicator.rank, step: stepCount)
    recorder?.forget()
  }

  /// Whether what a rank adds up besides gradients is looked at: a GPU that has no other beside it knows its loss itself.
  var readsStepSums: Bool { updates == nil || communicator.size > 1 || !measureNames.isEmpty }

  /// How the gradients of ranks on GPUs are added up, in words; nil on the processor and for one rank.
  public var gradientSums: String? {
    switch reducer {
    case let reduction as NCCLReduction: "by NCCL \(reduction.version)"
    case let reduction as MirroredReduction: "in the processor's memory: \(reduction.reason)"
    default: nil
    }
  }

  /// Whether this is the rank that writes and reads files.
  var isFirstRank: Bool { communicator.rank == 0 }

  /// Compares the parameters of all ranks, bit by bit. Collective.
  ///
  /// - Throws: ``ReplicaMismatch`` on all ranks, naming the first rank and parameter that differ from rank 0.
  public func verify() throws {
    try communicator.verifyReplicas(
      names: arena.parameters.map(\.name),
      checksums: arena.parameters.map { _, parameter in
        parameter.withBytes { XXHash64.checksum($0) }
      })
  }

  /// A batch on the replica's device, brought there while the GPU computes; its memory is used again by the second call
  /// from now. The batch itself where it is there already.
  func staged(_ batch: Batch) -> Batch {
    guard let uploads, batch.contents.contains(where: { $0.device == .cpu }) else { return batch }
    return batch.with(contents: uploads.upload(batch.contents))
  }

  private func gradientBecameReady(_ index: Int) {
    guard gradientsAreFinal && communicationError == nil else { return }
    var stopwatch = Stopwatch()
    do {
      try profiled(.overlappedAllReduce) {
        try reducer.parameterReady(index)
        try reducer.progress()
      }
    } catch {
      communicationError = error
    }
    secondsInBackward += stopwatch.lap()
  }
}

extension Communicator {
  /// Memory that is combined fastest. Collective.
  fileprivate func makeSharedMemory(byteCount: Int) throws -> (start: UnsafeMutableRawPointer, owner: AnyObject) {
    let buffer = try makeBuffer(byteCount: byteCount)
    guard let start = buffer.bytes.baseAddress else {
      preconditionFailure("\(byteCount) bytes of a model's arena at no address")
    }
    return (start, buffer)
  }
}
