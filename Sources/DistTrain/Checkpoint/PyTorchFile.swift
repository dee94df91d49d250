/// Tensors that `torch.save` has written, opened for reading: a state dictionary, or dictionaries and lists with tensors
/// somewhere in them, as a checkpoint of one's own.
///
///     torch.save(model.state_dict(), "model.pth")                                    # tensors '0.weight', …
///     torch.save({"model": model.state_dict(), "epoch": 3}, "checkpoint.pth")        # 'model.0.weight', …
///
/// A tensor's name is its path of keys and indices. Numbers and texts beside the tensors are left out. Both formats are read:
/// the ZIP archive that PyTorch writes since 1.6, and the one before. Nothing of the pickle in them is run
/// (``Pickle``), so that a file from a stranger can do no more than fail to be read; every length is checked.
///
/// Format: <https://github.com/pytorch/pytorch/blob/v2.9.0/torch/serialization.py>.
public final class PyTorchFile: TensorSource {
  /// The file.
  public let path: String
  /// The tensors, in the order in which they were saved.
  public let entries: [Safetensors.Entry]

  /// None: there are only tensors.
  public var metadata: [Safetensors.Metadata] { [] }

  private let contents: Contents
  private let tensors: [PickledTensor]
  private let indices: [String: Int]

  /// Where the elements lie.
  private enum Contents {
    case archive(InputFile, storages: [String: ZIPArchive.Entry])
    case sequence(InputFile, storages: [String: Range<Int>])
  }

  /// The most bytes of a pickle that are accepted, which holds no elements. To read one may take a hundred times as many.
  private static let mostPickleBytes = 8 << 20
  /// The number that the older format begins with, pickled by protocols 2 to 5, of which the last two write its length.
  private static let olderStarts: [[UInt8]] = {
    let number: [UInt8] = [0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
    let length: [UInt8] = [0x95, UInt8(number.count), 0, 0, 0, 0, 0, 0, 0]
    return [[0x80, 2] + number, [0x80, 3] + number, [0x80, 4] + length + number, [0x80, 5] + length + number]
  }()
  private static let archiveStart: [UInt8] = [0x50, 0x4B, 3, 4]

  /// Whether a file begins as those do that PyTorch writes.
  ///
  /// - Throws: ``FileError`` where it cannot be read.
  static func isOne(path: String) throws -> Bool {
    let start = try InputFile(path: path).read(upTo: olderStarts.map(\.count).max() ?? 0)
    return start.starts(with: archiveStart) || olderStarts.contains(where: start.starts)
  }

  /// Opens a file and finds its tensors.
  ///
  /// - Throws: ``FileError`` where it cannot be read, was not written by `torch.save`, or holds a tensor of a type or kind
  ///   that is not read, or whose elements are not all there.
  public init(path: String) throws {
    self.path = path
    let file = try InputFile(path: path)
    let pickle: Pickle
    (pickle, contents) =
      try file.read(upTo: Self.archiveStart.count) == Self.archiveStart
      ? Self.readArchive(file) : Self.readSequence(file)
    let named = try PickledTensors(in: pickle, path: path).tensors
    entries = named.map { Safetensors.Entry(name: $0.name, elementType: $0.tensor.elementType, shape: $0.tensor.shape) }
    tensors = named.map(\.tensor)
    indices = try Dictionary(
      entries.enumerated().map { ($1.name, $0) },
      uniquingKeysWith: { first, _ in throw FileError(path, "has two tensors '\(named[first].name)'") })
    for (name, tensor) in named {
      let size = tensor.elementType.size
      let count = try elements(of: tensor, name).maximumCount / size
      guard tensor.extent <= count else {
        throw FileError(
          path, "is truncated: \(count) elements in the storage of tensor '\(name)', expected \(tensor.extent)")
      }
      guard byteCount(shape: tensor.shape, elementSize: size) ?? .max <= count * size else {
        throw FileError(
          path,
          "tensor '\(name)' of shape \(tensor.shape) repeats \(count) elements, as expand() does: expected a clone() of it"
        )
      }
    }
  }

  /// The type and shape of the tensor called `name`, or nil where there is none.
  public func entry(_ name: String) -> Safetensors.Entry? { indices[name].map { entries[$0] } }

  /// Reads the elements of the tensor called `name`, row-major, into `buffer`, which must have exactly their size.
  ///
  /// - Throws: ``FileError`` where there is no such tensor, or the file cannot be read.
  public func read(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws {
    guard let index = indices[name] else { throw FileError(path, "has no tensor '\(name)'") }
    let tensor = tensors[index]
    let size = tensor.elementType.size
    precondition(
      buffer.count == tensor.shape.reduce(size, *),
      "tensor '\(name)' of shape \(tensor.shape) into \(buffer.count) bytes")
    let source = try elements(of: tensor, name)
    if tensor.isContiguous && source.maximumCount == buffer.count {
      guard try source.read(into: buffer) == buffer.count, try source.isAtEnd() else {
        throw FileError(path, "became shorter while it was read")
      }
    } else {
      let storage = try source.readAll(limit: source.maximumCount)
      guard storage.count / size >= tensor.extent else { throw FileError(path, "became shorter while it was read") }
      storage.withUnsafeBytes { tensor.gather(from: $0, into: buffer) }
    }
  }

  /// The elements of the storage that a tensor is a view of.
  private func elements(of tensor: PickledTensor, _ name: String) throws -> any ByteSource {
    switch contents {
    case .archive(let file, let storages):
      if let entry = storages[tensor.storage] { return try ZIPArchive.contents(of: entry, in: file) }
    case .sequence(let file, let storages):
      if let range = storages[tensor.storage] { return FilePart(file, range, path: path) }
    }
    throw FileError(path, "holds no elements of the tensor '\(name)'")
  }

  // MARK: Formats

  private static func readArchive(_ file: InputFile) throws -> (Pickle, Contents) {
    let entries = try ZIPArchive.entries(of: file)
    guard let list = entries.first(where: { $0.name.hasSuffix("/data.pkl") }) else {
      throw FileError(file.path, "is a ZIP archive without data.pkl, expected what torch.save writes")
    }
    let folder = list.name.dropLast("data.pkl".count)
    guard !entries.contains(where: { $0.name.hasPrefix("\(folder)code/") }) else {
      throw FileError(
        file.path, "is a TorchScript program, expected a state dictionary: torch.save(model.state_dict(), …)")
    }
    if let order = entries.first(where: { $0.name == "\(folder)byteorder" }) {
      let text = try ZIPArchive.contents(of: order, in: file).readAll(limit: 16)
      guard text.elementsEqual("little".utf8) else {
        throw FileError(
          file.path, "has elements in the order '\(String(decoding: text, as: UTF8.self))', expected little")
      }
    }
    let bytes = try ZIPArchive.contents(of: list, in: file).readAll(limit: mostPickleBytes)
    var reader = PickleReader(bytes, path: file.path)
    let prefix = "\(folder)data/"
    let storages = entries.filter { $0.name.hasPrefix(prefix) }.map { (String($0.name.dropFirst(prefix.count)), $0) }
    return (try reader.next(), .archive(file, storages: Dictionary(storages, uniquingKeysWith: { first, _ in first })))
  }

  /// Five pickles: a number, the version of the format, what the machine was, the contents, and the storages' keys. The
  /// storages follow, each with the number of its elements before it.
  private static func readSequence(_ file: InputFile) throws -> (Pickle, Contents) {
    let start = try file.bytes(0..<min(file.size, mostPickleBytes))
    guard olderStarts.contains(where: start.starts) else {
      throw FileError(file.path, "is not a file that torch.save has written")
    }
    var reader = PickleReader(start, path: file.path)
    for _ in 0..<3 { _ = try reader.next() }
    let pickle = try reader.next()
    let list = try reader.next()
    let sizes = try PickledTensors.storages(in: pickle, path: file.path)
    guard let keys = list.sequence(list.value)?.compactMap(\.text) else {
      throw FileError(file.path, "is corrupt: it does not list the storages of its tensors")
    }
    var storages: [String: Range<Int>] = [:]
    var position = reader.position
    for key in keys {
      guard let size = sizes[key] else { throw FileError(file.path, "is corrupt: nothing is in the storage '\(key)'") }
      let room = file.size - position - 8
      guard room >= 0 else { throw FileError(file.path, "is truncated: it ends before the storage '\(key)'") }
      let count = try file.bytes(position..<position + 8).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
      guard count <= UInt64(room / size) else {
        throw FileError(file.path, "is truncated: \(count) elements expected in \(room) bytes")
      }
      storages[key] = position + 8..<position + 8 + Int(count) * size
      position += 8 + Int(count) * size
    }
    return (pickle, .sequence(file, storages: storages))
  }
}
