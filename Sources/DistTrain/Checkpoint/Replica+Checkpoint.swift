import Autograd
import Collective

extension Replica {
  /// Writes all that later steps depend on, besides data and options, from rank 0 and in one atomic step: parameters,
  /// buffers, what the optimizer keeps, the number of steps, and where the random streams come from. Collective. (Not
  /// what PowerSGD left out, nor where a generator is that a layer was given.)
  ///
  ///     if replica.stepCount % 1000 == 0 { try replica.writeCheckpoint(to: "run/checkpoint.safetensors") }
  ///
  /// The file is safetensors and depends neither on the number of ranks, nor on who keeps the optimizer's state, nor on
  /// groups of parameters. Parameters and buffers are called `model.NAME`, and what the optimizer keeps for them
  /// `optimizer.QUANTITY.NAME`, or `optimizer.QUANTITY` where it is kept once for all. Tensors of the program are called
  /// `program.NAME`.
  ///
  /// - Parameters:
  ///   - path: A file that is there is replaced once the new one is whole.
  ///   - identity: What must be the same where training goes on, by name, as the number of samples.
  ///   - state: What the program keeps of its own, as a ``ReduceLROnPlateau``; rank 0's is written, as JSON in the file's
  ///     metadata.
  ///   - tensors: Tensors that the program keeps of its own, as those of a `WeightAverage`; rank 0's are written.
  /// - Throws: ``FileError`` on rank 0, and `PeerFailure` on the others, where the file cannot be written; `EncodingError`
  ///   where `state` has no JSON; when communication fails; ``NonfiniteLoss`` of a step that was started and whose outcome
  ///   nobody asked for.
  public func writeCheckpoint(
    to path: String, identity: [(key: String, value: String)] = [], state: (any Encodable)? = nil,
    tensors: [(name: String, tensor: Tensor)] = []
  ) throws {
    precondition(progress.pieceCount == 0, "a checkpoint in the middle of a step, whose gradients it would not hold")
    requireDifferentNames(tensors)
    let optimizerState = try gatherOptimizerState()
    try communicator.agree(on: "writing the checkpoint") {
      guard isFirstRank else { return }
      let checkpoint = try Checkpoint(
        step: stepCount, randomSeed: random.seed, programState: state.map { try JSONText.encoded($0) })
      try CheckpointFile.write(
        self, optimizerState: optimizerState, programTensors: tensors, checkpoint, identity: identity, to: path)
    }
  }

  /// Goes on from a checkpoint, which rank 0 reads: ``stepCount`` is the number of steps that were made. Collective.
  ///
  ///     if FileManager.default.fileExists(atPath: path) { try replica.resume(from: path) }
  ///     while replica.stepCount < stepCount {
  ///       let (epoch, position) = replica.stepCount.quotientAndRemainder(dividingBy: loader.shards.stepsPerEpoch)
  ///       _ = try replica.step(loader.batch(epoch: epoch, step: position))
  ///     }
  ///
  /// With the same data and options, steps then have the bits of those of a run that was not interrupted. Learning rates
  /// and other numbers of the optimizer are not read: they are those that the program gives.
  ///
  /// - Parameters:
  ///   - path: Looked at by rank 0 only.
  ///   - identity: What the file must have, too, and no more.
  ///   - tensors: Tensors that the program keeps of its own, by the names under which they were written: all ranks' get
  ///     the elements that the file holds for them, of the same shape and type. What else the program wrote is left out.
  /// - Throws: ``FileError`` on rank 0, and `PeerFailure` on the others, where the file is no checkpoint of the same
  ///   model and identity, and of an optimizer that keeps the same, or has not these tensors. Nothing is changed then. When
  ///   communication fails, or the ranks ask for different tensors; on all ranks and before anything else,
  ///   ``NonfiniteLoss`` of a step that was started and whose outcome nobody asked for.
  public func resume(
    from path: String, identity: [(key: String, value: String)] = [], tensors: [(name: String, tensor: Tensor)] = []
  ) throws {
    _ = try resume(from: path, identity: identity, tensors: tensors) { _ in }
  }

  /// The same, and gives all ranks what the program kept when the checkpoint was written:
  ///
  ///     plateau = try replica.resume(from: path, state: ReduceLROnPlateau.self)
  ///
  /// - Throws: As without `state`, and ``FileError`` on rank 0, and `PeerFailure` on the others, where the file has no such
  ///   state. Nothing is changed then.
  public func resume<State: Decodable>(
    from path: String, identity: [(key: String, value: String)] = [], state: State.Type,
    tensors: [(name: String, tensor: Tensor)] = []
  ) throws -> State {
    let text = try resume(from: path, identity: identity, tensors: tensors) { checkpoint in
      guard let text = checkpoint.programState else {
        throw FileError(path, "holds no state of a program, expected \(State.self)")
      }
      do { _ = try JSONText.decoded(State.self, from: text) } catch {
        throw FileError(path, "holds a state of a program that is no \(State.self): \(error)")
      }
    }
    return try JSONText.decoded(State.self, from: text)
  }

  /// Goes on from a checkpoint that `check` lets pass on rank 0; returns the program's state, or nothing.
  private func resume(
    from path: String, identity: [(key: String, value: String)], tensors: [(name: String, tensor: Tensor)],
    check: (Checkpoint) throws -> Void
  ) throws -> String {
    precondition(progress.pieceCount == 0, "a checkpoint was read in the middle of a step")
    requireDifferentNames(tensors)
    _ = try lastStarted?.outcome()
    try communicator.verifySame(
      tensors.map { "\($0.name): \($0.tensor.dtype) of shape \($0.tensor.shape)" }.joined(separator: "\n"),
      what: "the tensors that a checkpoint is asked for")
    let read = try communicator.agree(on: "reading the checkpoint") {
      guard isFirstRank else { return (checkpoint: Checkpoint(), optimizerState: OptimizerState()) }
      return try CheckpointFile.read(into: self, tensors, from: path, identity: identity, check: check)
    }
    try communicator.broadcastState(of: model)
    for (_, tensor) in tensors { try communicator.broadcast(tensor, from: 0) }
    try restoreOptimizer(communicator.broadcast(read.optimizerState))
    var numbers = [Int64(read.checkpoint.step), Int64(bitPattern: read.checkpoint.randomSeed)]
    try communicator.broadcast(&numbers, from: 0)
    stepCount = Int(numbers[0])
    random = PieceRandomness(seed: UInt64(bitPattern: numbers[1]))
    return try communicator.broadcast(read.checkpoint.programState ?? "", from: 0)
  }

  private func requireDifferentNames(_ tensors: [(name: String, tensor: Tensor)]) {
    var names: Set<String> = []
    for (name, _) in tensors {
      precondition(names.insert(name).inserted, "a checkpoint with two tensors of the program called '\(name)'")
    }
  }
}
