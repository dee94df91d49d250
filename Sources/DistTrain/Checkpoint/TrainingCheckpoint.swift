import Autograd

/// All that a training run depends on besides its configuration and data: parameters, optimizer state, position.
///
/// The file is safetensors. Parameters and buffers are called `model.NAME` and what the optimizer keeps for them
/// `optimizer.QUANTITY.NAME` (`optimizer.QUANTITY` for what it keeps once for all), so that a checkpoint depends neither
/// on the number of ranks nor on the order of parameters in memory.
public struct TrainingCheckpoint {
  private static let format = "disttrain-1"

  /// The steps that were made.
  public let step: Int
  /// What must be the same in the run that goes on, as text by name.
  private let identity: [(key: String, value: String)]

  /// A checkpoint after `step` steps of a run.
  ///
  /// - Parameter sampleCount: The number of training samples.
  public init(step: Int, configuration: TrainingConfiguration, sampleCount: Int) {
    self.step = step
    let settings = [
      ("model", configuration.model.rawValue), ("seed", "\(configuration.seed)"),
      ("precision", configuration.precision.rawValue), ("global-batch", "\(configuration.globalBatch)"),
      ("drop-last", "\(configuration.dropLast)"),
      ("samples", "\(sampleCount)"),
    ]
    identity = settings + (configuration.reproducible.map { [("reproducible", "\($0)")] } ?? [])
  }

  /// Writes the state of `replica` in one atomic step.
  ///
  /// - Throws: ``FileError`` where the file cannot be written.
  public func write(_ replica: Replica, to path: String) throws {
    let arena = replica.arena
    var tensors = replica.model.stateDictionary().map { (name: "model.\($0.name)", tensor: $0.tensor) }
    for (quantity, values) in replica.optimizerState {
      guard values.shape == arena.flat.shape else {
        tensors.append(("optimizer.\(quantity)", values))
        continue
      }
      for (index, (name, _)) in arena.parameters.enumerated() {
        tensors.append(("optimizer.\(quantity).\(name)", arena.view(of: values, at: index)))
      }
    }
    let metadata =
      [Safetensors.Metadata("format", Self.format), Safetensors.Metadata("step", "\(step)")]
      + identity.map { Safetensors.Metadata($0.key, $0.value) }
    try TensorFile.write(tensors, to: path, metadata: metadata)
  }

  /// Reads a checkpoint into `replica`.
  ///
  /// - Parameter expected: Describes the run that goes on; its step is not looked at.
  /// - Returns: The number of steps that were made.
  /// - Throws: ``FileError`` where the file is not a checkpoint of the same run and model; the replica may then hold
  ///   parts of it.
  public static func read(from path: String, into replica: Replica, expected: TrainingCheckpoint) throws -> Int {
    let file = try SafetensorsFile(path: path)
    func metadata(_ key: String) -> String? { file.metadata.first { $0.key == key }?.value }
    guard metadata("format") == format, let step = metadata("step").flatMap(Int.init), step >= 0 else {
      throw FileError(path, "is not a checkpoint of disttrain: expected the metadata format '\(format)' and a step")
    }
    for (key, value) in expected.identity {
      let found = metadata(key) ?? "missing"
      guard found == value else {
        throw FileError(path, "is of a run with \(key) \(found), this one has \(key) \(value): they cannot be joined")
      }
    }
    let state = replica.model.stateDictionary().map { (name: "model.\($0.name)", tensor: $0.tensor) }
    let known = Set(state.map(\.name))
    let parameters = Set(replica.arena.parameters.map(\.name))
    let extra = file.entries.first { entry in
      guard let place = optimizerPlace(entry.name) else { return !known.contains(entry.name) }
      return place.parameter.map { !parameters.contains($0) } ?? false
    }
    if let extra {
      throw FileError(path, "holds the tensor '\(extra.name)', which no checkpoint of this model has")
    }
    for (name, tensor) in state { try TensorFile.read(name, from: file, into: tensor) }
    do {
      try replica.restoreOptimizer(optimizerState(in: file, replica.arena))
    } catch let error as StateDictionaryError {
      throw FileError(
        path, "holds a state that the optimizer cannot go on from (--momentum cannot change from or to 0): \(error)")
    }
    return step
  }

  /// What the optimizer kept, in the order of the file.
  private static func optimizerState(
    in file: SafetensorsFile, _ arena: ParameterArena
  ) throws -> [(quantity: String, values: Tensor)] {
    var state: [(quantity: String, values: Tensor)] = []
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
