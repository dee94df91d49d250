import Autograd
import Collective

/// One rank's copy of a model, trained in step with the copies of all other ranks.
///
/// A step computes the gradients of the *sum* of this rank's losses, adds up gradients, losses and sample counts over
/// all ranks while the backward pass goes on, and divides by the number of samples that really took part. So a short
/// batch, or a rank without samples, gives exactly what one process would compute from the whole batch.
public final class Replica {
  /// What a step did.
  public struct Outcome {
    /// The mean loss over the global batch, before the step.
    public let loss: Double
    /// The samples of the global batch.
    public let count: Int
    /// Where the time went, without loading data.
    public let seconds: TrainingRecord.Seconds
  }

  /// The model.
  public let model: any Layer
  /// Its parameters, flat.
  public let arena: ParameterArena
  /// Updates the parameters.
  public let optimizer: SGD
  private let communicator: any Communicator
  private let reducer: any GradientReduction
  private let allowsNonfinite: Bool
  private var communicationError: (any Error)?
  private var secondsInBackward = 0.0

  /// Makes `model` a replica: it gets the parameters and buffers of rank 0. Collective.
  ///
  /// - Parameters:
  ///   - model: Of the same architecture on all ranks.
  ///   - options: Of the optimizer.
  ///   - communicator: Connects the ranks.
  ///   - bucketBytes: Gradients are all-reduced in pieces of about this size.
  ///   - allowsNonfinite: Whether training goes on after a loss that is not a finite number.
  /// - Throws: When communication fails, or the ranks' models differ.
  public init(
    _ model: any Layer, _ options: SGD.Options, communicator: any Communicator,
    bucketBytes: Int = BucketPlan.defaultBucketBytes, allowsNonfinite: Bool = false
  ) throws {
    self.model = model
    self.communicator = communicator
    self.allowsNonfinite = allowsNonfinite
    arena = try ParameterArena(model, tailCount: 2) { try communicator.makeGradientMemory(byteCount: $0) }
    optimizer = SGD([arena.flat], options)
    let plan = BucketPlan(
      parameters: arena.ranges, tailCount: arena.tail.count, bytesPerElement: arena.dtype.byteCount,
      firstBucketBytes: min(bucketBytes, BucketPlan.defaultFirstBucketBytes), bucketBytes: bucketBytes)
    reducer =
      arena.dtype == .float64
      ? GradientReducer(communicator: communicator, arena: arena.gradientBuffer(of: Double.self), plan: plan)
      : GradientReducer(communicator: communicator, arena: arena.gradientBuffer(of: Float.self), plan: plan)
    try communicator.verifySame(arena.summary, what: "the model's list of parameters")
    try communicator.broadcastState(of: model)
    arena.onGradientReady { [unowned self] index in gradientBecameReady(index) }
  }

  /// Makes one training step. Collective.
  ///
  /// - Parameters:
  ///   - batch: This rank's part of the global batch; it may be empty.
  ///   - loss: The sum of the losses of a batch, from the model's output and the targets.
  /// - Throws: ``NonfiniteLoss`` on all ranks, before the parameters are changed; when communication fails.
  public func step(
    _ batch: Batch, loss: (_ output: Tensor, _ targets: Tensor) -> Tensor = { crossEntropy($0, $1, reduction: .sum) }
  ) throws -> Outcome {
    var stopwatch = Stopwatch()
    var seconds = TrainingRecord.Seconds()
    arena.zeroGrad()
    reducer.begin()
    let sum = batch.count > 0 ? loss(model(batch.inputs.cast(to: arena.dtype)), batch.targets) : nil
    let ownSum = sum?.item() ?? 0
    arena.tailValues = [ownSum, Double(batch.count)]
    seconds.forward = stopwatch.lap()
    secondsInBackward = 0
    try sum?.backward()
    if let communicationError { throw communicationError }
    arena.fillMissingGradients()
    seconds.backward = stopwatch.lap() - secondsInBackward
    try reducer.finish()
    seconds.communication = stopwatch.lap() + secondsInBackward
    let sums = arena.tailValues
    let (total, count) = (sums[0], sums[1])
    if !total.isFinite && !allowsNonfinite { throw try nonfiniteLoss(isFinite: ownSum.isFinite) }
    optimizer.step(gradientScale: 1 / count)
    seconds.optimizer = stopwatch.lap()
    return Outcome(loss: total / count, count: Int(count), seconds: seconds)
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
    guard communicationError == nil else { return }
    var stopwatch = Stopwatch()
    do {
      try reducer.parameterReady(index)
      try reducer.progress()
    } catch {
      communicationError = error
    }
    secondsInBackward += stopwatch.lap()
  }

  /// The error that names the first rank whose own loss is not finite; none is if only their sum overflowed.
  private func nonfiniteLoss(isFinite: Bool) throws -> NonfiniteLoss {
    let first = try communicator.allReduced(Int64(isFinite ? communicator.size : communicator.rank), .minimum)
    return NonfiniteLoss(rank: first < communicator.size ? Int(first) : nil)
  }
}

/// A training loss that is infinite or not a number.
public struct NonfiniteLoss: CommonError, Equatable, CustomStringConvertible {
  /// The first rank whose own loss was not finite; `nil` when only the sum over ranks overflowed.
  public let rank: Int?

  /// What happened and what to try.
  public var description: String {
    let place = rank.map { "on rank \($0)" } ?? "summed over all ranks"
    return "the training loss \(place) is not a finite number; the parameters are as they were before the step. "
      + "Try a smaller --learning-rate, or --allow-nonfinite to go on regardless"
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

extension ParameterArena {
  /// Names, types and shapes, one parameter a line.
  var summary: String {
    parameters.map { "\($0.name) \($0.parameter.dtype.rawValue) \($0.parameter.shape)" }.joined(separator: "\n")
  }
}
