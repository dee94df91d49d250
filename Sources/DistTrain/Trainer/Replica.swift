import Autograd
import Collective

/// One rank's copy of a model, trained in step with the copies of all other ranks.
///
/// A step computes the gradients of the *sum* of this rank's losses, adds up gradients, losses and sample counts over
/// all ranks while the backward pass goes on, and divides by the number of samples that really took part. So a short
/// batch, a rank without samples, and a batch that is computed in pieces give exactly what one process would compute
/// from the whole batch.
public final class Replica {
  /// What a step did.
  public struct Outcome {
    /// The mean loss over the global batch, before the step; 0 for no samples.
    public let loss: Double
    /// The samples of the global batch. With 0, no rank had any, and nothing was changed.
    public let count: Int
    /// Where the time went, without loading data.
    public let seconds: TrainingRecord.Seconds
  }

  /// The sum of the losses of a batch, from the model's output and the targets.
  public typealias Loss = (_ output: Tensor, _ targets: Tensor) -> Tensor

  /// The model.
  public let model: any Layer
  /// Its parameters, flat.
  public let arena: ParameterArena
  /// Updates the parameters.
  public let optimizer: SGD
  /// The steps that were made, which with seed and piece choose what the model draws at random, as for dropout. Set it
  /// when going on from a checkpoint.
  public var stepCount = 0

  let communicator: any Communicator
  let reducer: any GradientReduction
  let allowsNonfinite: Bool
  let cut: BatchCut
  let random: PieceRandomness
  let shardBuffers: ShardBuffers?
  let batchStatistics: BatchStatistics?
  /// What was computed of the step that is under way.
  var progress = StepProgress()
  /// Whether gradients that become ready are final, so that their all-reduce can start.
  var gradientsAreFinal = false
  private(set) var communicationError: (any Error)?
  var secondsInBackward = 0.0

  /// Makes `model` a replica: it gets the parameters and buffers of rank 0. Collective.
  ///
  /// What the model draws from the thread's default generator, as for dropout, comes from a stream of its own for each
  /// step and piece of the batch; they follow from the seed of rank 0's default generator.
  ///
  /// - Parameters:
  ///   - model: Of the same architecture on all ranks.
  ///   - options: Of the optimizer.
  ///   - communicator: Connects the ranks.
  ///   - bucketBytes: Gradients are all-reduced in pieces of about this size.
  ///   - allowsNonfinite: Whether training goes on after a loss that is not a finite number.
  ///   - reproducibleShards: The logical shards, a power of two that the number of ranks divides, whose gradients are
  ///     added along one binary tree, so that any number of ranks gives the same bits. Every rank then computes its
  ///     shards by ``accumulate(_:loss:)`` and, the last, by ``step(_:loss:)``, in the order of
  ///     ``BatchCut/logicalShards(_:)``. Matrix products of this process are made by one thread from then on.
  ///   - synchronizesBatchNorm: Whether batch normalization in training takes mean and variance over the parts of all
  ///     ranks, as PyTorch's `SyncBatchNorm`. All ranks then run the model equally often in a step.
  /// - Throws: When communication fails, the ranks' models differ, or the shards do not suit the number of ranks.
  public init(
    _ model: any Layer, _ options: SGD.Options, communicator: any Communicator,
    bucketBytes: Int = BucketPlan.defaultBucketBytes, allowsNonfinite: Bool = false, reproducibleShards: Int? = nil,
    synchronizesBatchNorm: Bool = false
  ) throws {
    precondition(
      reproducibleShards == nil || !synchronizesBatchNorm,
      "batch statistics are those of each logical shard: they cannot be synchronized over ranks")
    self.model = model
    self.communicator = communicator
    self.allowsNonfinite = allowsNonfinite
    let cut = reproducibleShards.map(BatchCut.logicalShards) ?? .ranks(pieces: 1)
    self.cut = cut
    try communicator.agree(on: "cutting the batch") { try cut.validate(worldSize: communicator.size) }
    let description = "\(model.fingerprint)\noptimizer: \(options)\nbatch: \(cut)\nbucket size: \(bucketBytes)"
    try communicator.verifySame(description, what: "the replica")
    arena = try ParameterArena(model, tailCount: 2) { try communicator.makeGradientMemory(byteCount: $0) }
    optimizer = SGD([arena.flat], options)
    let plan = BucketPlan(
      parameters: arena.ranges, tailCount: arena.tail.count, bytesPerElement: arena.dtype.byteCount,
      firstBucketBytes: min(bucketBytes, BucketPlan.defaultFirstBucketBytes), bucketBytes: bucketBytes)
    let shards = reproducibleShards.map { $0 / communicator.size }
    reducer =
      arena.dtype == .float64
      ? GradientReducer(
        communicator: communicator, arena: arena.gradientBuffer(of: Double.self), plan: plan, shards: shards)
      : GradientReducer(
        communicator: communicator, arena: arena.gradientBuffer(of: Float.self), plan: plan, shards: shards)
    try communicator.broadcastState(of: model)
    random = try PieceRandomness(communicator)
    shardBuffers = reproducibleShards == nil ? nil : ShardBuffers(of: model)
    batchStatistics = synchronizesBatchNorm ? BatchStatistics(of: model, communicator) : nil
    if reproducibleShards != nil { BLAS.threadCount = 1 }
    arena.onGradientReady { [unowned self] index in gradientBecameReady(index) }
  }

  /// What the optimizer keeps between steps: arrays in the arena's layout, and numbers.
  var optimizerState: [(quantity: String, values: Tensor)] {
    optimizer.stateDictionary().map { (String($0.name.drop { $0 != "." }.dropFirst()), $0.tensor) }
  }

  /// Continues from a copy of what ``optimizerState`` gave.
  func restoreOptimizer(_ state: [(quantity: String, values: Tensor)]) throws {
    try optimizer.load(stateDictionary: state.map { ("0.\($0.quantity)", $0.values) })
  }

  /// Gives all ranks the parameters, the buffers and the optimizer state of rank 0. Collective.
  func broadcastState() throws {
    try communicator.broadcastState(of: model)
    let state = communicator.rank == 0 ? optimizerState : []
    try restoreOptimizer(
      communicator.broadcast(state.map { (name: $0.quantity, tensor: $0.values) }, from: 0)
        .map { (quantity: $0.name, values: $0.tensor) })
  }

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

  private func gradientBecameReady(_ index: Int) {
    guard gradientsAreFinal && communicationError == nil else { return }
    var stopwatch = Stopwatch()
    do {
      try reducer.parameterReady(index)
      try reducer.progress()
    } catch {
      communicationError = error
    }
    secondsInBackward += stopwatch.lap()
  }
}

extension Communicator {
  /// Memory in which gradients are all-reduced fastest. Collective.
  fileprivate func makeGradientMemory(byteCount: Int) throws -> (start: UnsafeMutableRawPointer, owner: AnyObject) {
    let buffer = try makeBuffer(byteCount: byteCount)
    guard let start = buffer.bytes.baseAddress else {
      preconditionFailure("\(byteCount) bytes of gradients at no address")
    }
    return (start, buffer)
  }
}

extension Module {
  /// Names, types and shapes of all parameters and buffers, one a line.
  var fingerprint: String {
    func line(_ kind: String, _ name: String, _ tensor: Tensor) -> String {
      "\(kind) \(name): \(tensor.dtype.rawValue) \(tensor.shape)"
    }
    let parameters = namedParameters().map { name, parameter in
      line(parameter.requiresGrad ? "parameter" : "frozen parameter", name, parameter)
    }
    return (parameters + namedBuffers().map { line("buffer", $0, $1) }).joined(separator: "\n")
  }
}
