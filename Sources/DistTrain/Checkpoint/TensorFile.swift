import Autograd

/// Tensors with names, as they are written to a safetensors file, and read from one or from what `torch.save` has written.
public enum TensorFile {
  /// Writes `tensors` to `path` in one atomic step, in the given order.
  ///
  /// - Throws: ``FileError`` where the file cannot be written.
  public static func write(
    _ tensors: [(name: String, tensor: Tensor)], to path: String, metadata: [Safetensors.Metadata] = []
  ) throws {
    let entries = tensors.map { name, tensor in
      Safetensors.Entry(name: name, elementType: tensor.dtype.safetensorsType, shape: tensor.shape)
    }
    try Safetensors.write(to: path, entries: entries, metadata: metadata) { index, write in
      try tensors[index].tensor.withBytes(write)
    }
  }

  /// Opens a file of tensors: of safetensors, or what `torch.save` has written of a state dictionary, which its first bytes
  /// tell, not its name.
  ///
  /// - Throws: ``FileError`` where it cannot be read or is neither.
  public static func open(path: String) throws -> any TensorSource {
    try PyTorchFile.isOne(path: path) ? PyTorchFile(path: path) : SafetensorsFile(path: path)
  }

  /// Reads the tensor called `name` into `tensor`, whose shape and type it must have; elements of 16 bits go into `float32`,
  /// and `int32` into `int64`.
  ///
  /// - Throws: ``FileError`` where it is missing, differs, or cannot be read.
  public static func read(_ name: String, from file: any TensorSource, into tensor: Tensor) throws {
    guard let entry = file.entry(name) else { throw FileError(file.path, "has no tensor '\(name)'") }
    guard entry.shape == tensor.shape, entry.elementType.dtype == tensor.dtype else {
      throw FileError(
        file.path,
        "tensor '\(name)' is \(entry.elementType.rawValue) of shape \(entry.shape), "
          + "expected \(tensor.dtype.safetensorsType.rawValue) of shape \(tensor.shape)")
    }
    guard entry.elementType != tensor.dtype.safetensorsType else {
      return try tensor.withMutableBytes { try file.read(name, into: $0) }
    }
    let bytes = try file.bytes(name)
    tensor.withMutableBytes { result in bytes.withUnsafeBytes { entry.elementType.convert($0, into: result) } }
  }

  /// Reads the tensor called `name`, in the type that ``Safetensors/ElementType/dtype`` tells.
  ///
  /// - Throws: ``FileError`` where it is missing or cannot be read.
  public static func read(_ name: String, from file: any TensorSource) throws -> Tensor {
    guard let entry = file.entry(name) else { throw FileError(file.path, "has no tensor '\(name)'") }
    let tensor = Tensor.zeros(entry.shape, dtype: entry.elementType.dtype)
    try read(name, from: file, into: tensor)
    return tensor
  }

  /// Whether files of a model's state may be without the tensor of this name, which then stays as it is: PyTorch counts
  /// the batches of batch normalization since 0.4.1, and takes states of before, too.
  package static func mayBeMissing(_ name: String) -> Bool { name.hasSuffix("num_batches_tracked") }

  /// Reads the parameters and buffers of `model` from a file that holds them, of safetensors or of PyTorch, and nothing else
  /// under names that begin with `prefix`, unless other tensors are ignored. What several modules share may be there under
  /// one of its names, and counts of batches may be missing.
  ///
  /// - Throws: ``FileError`` that names the first tensor that is missing, has another type or shape, is not the model's, or
  ///   cannot be read. The model is not changed then.
  public static func readState(
    of model: Module, from path: String, prefix: String = "", ignoringOthers: Bool = false
  ) throws {
    let file = try open(path: path)
    let state = model.stateDictionary()
    if !ignoringOthers { try file.requireNothing(under: prefix, but: state.map(\.name)) }
    let held = state.filter { file.entry(prefix + $0.name) != nil }
    let contents = try contents(of: held, in: file, prefix: prefix)
    let kept = state.filter { mayBeMissing($0.name) && file.entry(prefix + $0.name) == nil }
    do {
      try model.load(stateDictionary: contents + kept)
    } catch let error as StateDictionaryError {
      throw FileError(path, error.missing.first.map { "has no tensor '\(prefix + $0)'" } ?? "\(error)")
    }
  }

  /// What the file holds for tensors of these names, shapes and types, in memory of its own.
  ///
  /// - Throws: ``FileError`` that names the first tensor that is missing, differs, or cannot be read.
  static func contents(
    of tensors: [(name: String, tensor: Tensor)], in file: any TensorSource, prefix: String
  ) throws -> [(name: String, tensor: Tensor)] {
    try tensors.map { name, tensor in
      let content = Tensor.zeros(tensor.shape, dtype: tensor.dtype)
      try read(prefix + name, from: file, into: content)
      return (name, content)
    }
  }
}

extension DataType {
  /// The type's name in a safetensors file.
  var safetensorsType: Safetensors.ElementType {
    switch self {
    case .float32: .float32
    case .float64: .float64
    case .int64: .int64
    case .uint8: .uint8
    case .bool: .bool
    }
  }
}
