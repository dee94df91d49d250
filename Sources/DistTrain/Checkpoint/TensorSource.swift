/// A file of tensors with names, opened for reading: ``SafetensorsFile`` or ``PyTorchFile``.
public protocol TensorSource {
  /// The file.
  var path: String { get }
  /// The tensors, in the order of the file.
  var entries: [Safetensors.Entry] { get }
  /// The texts that go with them, in the order of the file.
  var metadata: [Safetensors.Metadata] { get }
  /// The type and shape of the tensor called `name`, or nil where there is none.
  func entry(_ name: String) -> Safetensors.Entry?
  /// Reads the elements of the tensor called `name`, row-major, into `buffer`, which must have exactly their size.
  ///
  /// - Throws: ``FileError`` where there is no such tensor, or the file cannot be read.
  func read(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws
}

extension TensorSource {
  /// Reads the elements of the tensor called `name` into memory of their own.
  ///
  /// - Throws: ``FileError`` where there is no such tensor, or the file cannot be read.
  public func bytes(_ name: String) throws -> AlignedBytes {
    guard let entry = entry(name) else { throw FileError(path, "has no tensor '\(name)'") }
    let count = entry.shape.reduce(entry.elementType.size, *)
    return try AlignedBytes(count: count) { try read(name, into: $0) }
  }

  /// Checks that names which begin with `prefix` are of a model's state.
  ///
  /// - Throws: ``FileError`` that names the first that is not.
  func requireNothing(under prefix: String, but state: [String]) throws {
    let known = Set(state.map { prefix + $0 })
    if let extra = entries.first(where: { $0.name.hasPrefix(prefix) && !known.contains($0.name) }) {
      throw FileError(path, "holds the tensor '\(extra.name)', which the model does not have: it is of another model")
    }
  }
}
