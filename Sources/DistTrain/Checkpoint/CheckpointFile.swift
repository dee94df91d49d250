import Autograd

/// Where a run is, besides its tensors.
struct Checkpoint {
  /// The steps that were made.
  var step = 0
  /// What the random streams of the model follow from.
  var randomSeed: UInt64 = 0
  /// What the program keeps of its own, as JSON.
  var programState: String?
}

/// The file of a checkpoint, as rank 0 writes and reads it; `Replica.writeCheckpoint(to:identity:state:tensors:)` tells its
/// contents.
enum CheckpointFile {
  private static let format = "disttrain-1"
  private static let ownKeys = ["format", "step", "random-seed", programStateKey]
  private static let programStateKey = "program-state"
  private static let programPrefix = "program."
  /// More steps than there can have been.
  private static let stepLimit = 1 << 53

  /// Writes the parameters and buffers of `replica`, and the state of its optimizer, in one atomic step.
  ///
  /// - Parameters:
  ///   - programTensors: What the program keeps of its own.
  ///   - identity: What must be the same in the run that goes on, as text by name.
  /// - Throws: ``FileError`` where the file cannot be written.
  static func write(
    _ replica: Replica, optimizerState: OptimizerState, programTensors: [(name: String, tensor: Tensor)],
    _ checkpoint: Checkpoint, identity: [(key: String, value: String)], to path: String
  ) throws {
    let arena = replica.arena
    var tensors = replica.model.stateDictionary().map { (name: "model.\($0.name)", tensor: $0.tensor) }
    for (quantity, values) in optimizerState {
      guard values.shape == arena.flat.shape else {
        tensors.append(("optimizer.\(quantity)", values))
        continue
      }
      for (index, (name, _)) in arena.parameters.enumerated() {
        tensors.append(("optimizer.\(quantity).\(name)", arena.view(of: values, at: index)))
      }
    }
    tensors += programTensors.map { (programPrefix + $0.name, $0.tensor) }
    var own = [("format", format), ("step", "\(checkpoint.step)"), ("random-seed", "\(checkpoint.randomSeed)")]
    if let state = checkpoint.programState { own.append((programStateKey, state)) }
    for (key, _) in identity {
      precondition(!ownKeys.contains(key), "'\(key)' is what a checkpoint calls something of its own")
    }
    try TensorFile.write(
      tensors, to: path, metadata: (own + identity.map { ($0.key, $0.value) }).map(Safetensors.Metadata.init))
  }

  /// Reads a checkpoint into a `replica` and into tensors of the program. None is changed where something is wrong.
  ///
  /// - Parameters:
  ///   - programTensors: Those that the program asks for; the file may hold more.
  ///   - check: Throws what is wrong with what the program keeps besides.
  /// - Returns: Where the run was, and all that the optimizer kept.
  /// - Throws: ``FileError`` where the file is not a checkpoint of the same model, optimizer and `identity`.
  static func read(
    into replica: Replica, _ programTensors: [(name: String, tensor: Tensor)], from path: String,
    identity: [(key: String, value: String)], check: (Checkpoint) throws -> Void
  ) throws -> (checkpoint: Checkpoint, optimizerState: OptimizerState) {
    let file = try SafetensorsFile(path: path)
    let checkpoint = try checkpoint(of: file, identity: identity, ownSeed: replica.random.seed)
    try check(checkpoint)
    let state = replica.model.stateDictionary()
    let known = Set(state.map { "model.\($0.name)" })
    let parameters = Set(replica.arena.parameters.map(\.name))
    let extra = file.entries.first { entry in
      guard let place = optimizerPlace(entry.name) else {
        return !known.contains(entry.name) && !entry.name.hasPrefix(programPrefix)
      }
      return place.parameter.map { !parameters.contains($0) } ?? false
    }
    if let extra {
      throw FileError(path, "holds the tensor '\(extra.name)', which no checkpoint of this model has")
    }
    let contents = try TensorFile.contents(of: state, in: file, prefix: "model.")
    let programContents = try TensorFile.contents(of: programTensors, in: file, prefix: programPrefix)
    for ((_, tensor), (name, content)) in zip(programTensors, programContents) {
      if let refusal = (tensor as? UpdateCount)?.refusal(of: content) {
        throw FileError(path, "tensor '\(programPrefix + name)' cannot be read: \(refusal)")
      }
    }
    let optimizerState = try optimizerState(in: file, replica.arena)
    guard checkpoint.step == 0 || !optimizerState.isEmpty else {
      throw FileError(path, "holds nothing of what the optimizer kept after \(checkpoint.step) steps")
    }
    do {
      try replica.restoreOptimizer(optimizerState)
    } catch let error as StateDictionaryError {
      throw FileError(
        path,
        """
        holds a state that the optimizer cannot go on from (neither can the optimizer change, nor momentum from or to 0): \
        \(error)
        """)
    }
    try replica.model.load(stateDictionary: contents)
    try noGrad {
      for ((_, tensor), (_, content)) in zip(programTensors, programContents) { try tensor.copyElements(from: content) }
    }
    return (checkpoint, optimizerState)
  }

  private static func checkpoint(
    of file: SafetensorsFile, identity: [(key: String, value: String)], ownSeed: UInt64
  ) throws -> Checkpoint {
    func metadata(_ key: String) -> String? { file.metadata.first { $0.key == key }?.value }
    // A command line's run of before had it among what must be the same only.
    let seed = metadata("random-seed") ?? "\(ownSeed)"
    guard metadata("format") == format, let step = metadata("step").flatMap(Int.init), (0..<stepLimit).contains(step),
      let seed = UInt64(seed)
    else {
      throw FileError(
        file.path,
        "is not a checkpoint of disttrain: expected as metadata the format '\(format)', a step and a random-seed")
    }
    func requireSame(_ key: String, _ found: String?, _ value: String?) throws {
      guard found != value else { return }
      let (found, value) = (found ?? "missing", value ?? "missing")
      throw FileError(
        file.path, "is of a run with \(key) \(found), this one has \(key) \(value): they cannot be joined")
    }
    for (key, value) in identity { try requireSame(key, metadata(key), value) }
    let known = ownKeys + identity.map(\.key)
    for entry in file.metadata where !known.contains(entry.key) { try requireSame(entry.key, entry.value, nil) }
    return Checkpoint(step: step, randomSeed: seed, programState: metadata(programStateKey))
  }

  /// What the optimizer kept, in the order of the file.
  private static func optimizerState(
    in file: SafetensorsFile, _ arena: ParameterArena
  ) throws -> OptimizerState {
    var state: OptimizerState = []
    for entry in file.entries {
      guard let place = optimizerPlace(entry.name), !state.contains(where: { $0.quantity == place.quantity }) else {
        continue
      }
      guard place.parameter != nil else {
        state.append((place.quantity, try TensorFile.read(entry.name, from: file)))
        continue
      }
      let flat = Tensor.zeros(arena.flat.shape, dtype: arena.dtype)
      for (index, (name, _)) in arena.parameters.enumerated() {
        try TensorFile.read("optimizer.\(place.quantity).\(name)", from: file, into: arena.view(of: flat, at: index))
      }
      state.append((place.quantity, flat))
    }
    return state
  }

  /// What a tensor called `name` is to the optimizer: a quantity of a parameter or, without one, of all together.
  private static func optimizerPlace(_ name: String) -> (quantity: String, parameter: String?)? {
    let parts = name.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 2, parts[0] == "optimizer" else { return nil }
    return (parts[1], parts.count == 3 ? parts[2] : nil)
  }
}
