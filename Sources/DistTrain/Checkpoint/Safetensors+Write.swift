extension Safetensors {
  /// Writes a file in one atomic step: it appears under `path` only when it is complete and on the disk.
  ///
  /// The tensors lie in the file in the order of `entries`; give those with the widest elements first, and each is
  /// aligned to its element size. The first is aligned to 8 bytes.
  /// - Parameters:
  ///   - path: The file; one that is there is replaced.
  ///   - entries: The tensors, each name once.
  ///   - metadata: Texts to go with them, in this order, each key once.
  ///   - bytes: Called once for each index of `entries`, in order; it hands the tensor's bytes, as many as its type and
  ///     shape take, to the function it is given.
  /// - Throws: ``FileError`` where the folder cannot be written to or the disk is full; what `bytes` throws.
  public static func write(
    to path: String, entries: [Entry], metadata: [Metadata] = [],
    bytes: (Int, (UnsafeRawBufferPointer) throws -> Void) throws -> Void
  ) throws {
    let sizes = entries.map { entry in
      guard let size = byteCount(shape: entry.shape, elementSize: entry.elementType.size) else {
        preconditionFailure("tensor '\(entry.name)' of shape \(entry.shape) is larger than memory")
      }
      return size
    }
    let file = try AtomicFile(path: path)
    try file.write(header(entries: entries, sizes: sizes, metadata: metadata))
    for (index, entry) in entries.enumerated() {
      var written = 0
      try bytes(index) { part in
        try file.write(part)
        written += part.count
      }
      precondition(
        written == sizes[index],
        "tensor '\(entry.name)' of shape \(entry.shape) takes \(sizes[index]) bytes, \(written) were given")
    }
    try file.commit()
  }

  /// The length and the JSON, padded with spaces so that the data starts at a multiple of 8.
  private static func header(entries: [Entry], sizes: [Int], metadata: [Metadata]) -> [UInt8] {
    precondition(Set(metadata.map(\.key)).count == metadata.count, "a metadata key is given twice")
    var members: [JSON.Member] = []
    if !metadata.isEmpty {
      members.append(.init(metadataName, .object(metadata.map { .init($0.key, .string($0.value)) })))
    }
    var names: Set<String> = [metadataName]
    var offset = 0
    for (entry, size) in zip(entries, sizes) {
      precondition(names.insert(entry.name).inserted, "the tensor name '\(entry.name)' is used twice or reserved")
      members.append(
        .init(
          entry.name,
          .object([
            .init("dtype", .string(entry.elementType.rawValue)),
            .init("shape", .array(entry.shape.map(JSON.integer))),
            .init("data_offsets", .array([.integer(offset), .integer(offset + size)])),
          ])))
      offset += size
    }
    var json = Array(JSON.object(members).text.utf8)
    json += [UInt8](repeating: UInt8(ascii: " "), count: (8 - json.count % 8) % 8)
    return withUnsafeBytes(of: UInt64(json.count).littleEndian, Array.init) + json
  }
}
