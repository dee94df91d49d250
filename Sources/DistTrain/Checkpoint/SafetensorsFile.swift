/// A safetensors file opened for reading. Opening reads and checks the header; each tensor is then read straight from
/// the file into the memory it is for.
///
/// The file is not trusted: every length, offset, shape and name is checked before it is used.
public final class SafetensorsFile: TensorSource {
  /// The tensors, in the order in which they lie in the file.
  public let entries: [Safetensors.Entry]
  /// The texts that go with them, in the file's order.
  public let metadata: [Safetensors.Metadata]

  private let file: InputFile
  private let ranges: [Range<Int>]
  private let indices: [String: Int]

  /// The file.
  public var path: String { file.path }

  /// Opens a file and checks its header.
  /// - Throws: ``FileError`` where it cannot be read, is not safetensors, or its header does not describe the whole file.
  public init(path: String) throws {
    let file = try InputFile(path: path)
    let lengthBytes = try file.read(upTo: 8)
    guard lengthBytes.count == 8 else {
      throw FileError(path, "is not a safetensors file: it holds \(lengthBytes.count) bytes, expected at least 8")
    }
    let length = lengthBytes.reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
    guard length <= UInt64(min(Safetensors.largestHeader, file.size - 8)) else {
      throw FileError(
        path,
        "is truncated or not a safetensors file: a header of \(length) bytes expected, \(file.size - 8) bytes follow")
    }
    let header = try Header(parsing: file.read(upTo: Int(length)), path: path)
    let dataStart = 8 + Int(length)
    let end = header.tensors.last?.range.upperBound ?? 0
    guard file.size - dataStart == end else {
      throw FileError(
        path,
        "\(file.size - dataStart < end ? "is truncated" : "is too long"): \(end) bytes of tensors expected, "
          + "\(file.size - dataStart) found")
    }
    self.file = file
    entries = header.tensors.map(\.entry)
    metadata = header.metadata
    ranges = header.tensors.map { $0.range.lowerBound + dataStart..<$0.range.upperBound + dataStart }
    indices = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.name, $0) })
  }

  /// The type and shape of the tensor called `name`, or nil where there is none.
  public func entry(_ name: String) -> Safetensors.Entry? { indices[name].map { entries[$0] } }

  /// Reads the tensor called `name` into `buffer`, which must have exactly its size.
  /// - Throws: ``FileError`` where there is no such tensor, or the file cannot be read.
  public func read(_ name: String, into buffer: UnsafeMutableRawBufferPointer) throws {
    guard let index = indices[name] else { throw FileError(path, "has no tensor '\(name)'") }
    let range = ranges[index]
    precondition(buffer.count == range.count, "tensor '\(name)' takes \(range.count) bytes, not \(buffer.count)")
    let found = try file.read(into: buffer, at: range.lowerBound)
    guard found == range.count else { throw FileError(path, "became shorter while it was read") }
  }
}

/// The checked JSON header: tensors sorted by their place in the file, which they cover without gaps.
private struct Header {
  struct Tensor {
    let entry: Safetensors.Entry
    let range: Range<Int>
  }

  var tensors: [Tensor] = []
  var metadata: [Safetensors.Metadata] = []

  init(parsing bytes: [UInt8], path: String) throws {
    let json: JSON
    do {
      json = try JSON(parsing: bytes)
    } catch {
      throw FileError(path, "has a header that is not valid JSON: \(error)")
    }
    guard case .object(let members) = json else { throw FileError(path, "has a header that is not a JSON object") }
    for member in members {
      if member.name == Safetensors.metadataName {
        metadata = try Self.metadata(member.value, path: path)
      } else {
        tensors.append(try Self.tensor(member, path: path))
      }
    }
    tensors.sort { ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound) }
    var end = 0
    for tensor in tensors {
      guard tensor.range.lowerBound == end else {
        throw FileError(
          path,
          "tensor '\(tensor.entry.name)' starts at byte \(tensor.range.lowerBound), expected \(end): "
            + "tensors overlap or leave a gap")
      }
      end = tensor.range.upperBound
    }
  }

  private static func metadata(_ value: JSON, path: String) throws -> [Safetensors.Metadata] {
    guard case .object(let members) = value else {
      throw FileError(path, "has \(Safetensors.metadataName) that is not a JSON object")
    }
    return try members.map { member in
      guard let text = member.value.stringValue else {
        throw FileError(path, "has metadata '\(member.name)' that is not a text")
      }
      return Safetensors.Metadata(member.name, text)
    }
  }

  private static func tensor(_ member: JSON.Member, path: String) throws -> Tensor {
    let name = member.name
    let typeName = member.value["dtype"]?.stringValue
    guard let elementType = typeName.flatMap(Safetensors.ElementType.init) else {
      let known = Safetensors.ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw FileError(path, "tensor '\(name)' has the dtype \(typeName ?? "of no text"), expected one of \(known)")
    }
    guard let shape = sizes(member.value["shape"]) else {
      throw FileError(path, "tensor '\(name)' has no shape of whole numbers from 0")
    }
    guard let offsets = sizes(member.value["data_offsets"]), offsets.count == 2, offsets[0] <= offsets[1] else {
      throw FileError(path, "tensor '\(name)' has no data_offsets of two rising whole numbers")
    }
    guard let size = byteCount(shape: shape, elementSize: elementType.size), size == offsets[1] - offsets[0] else {
      throw FileError(
        path,
        "tensor '\(name)' of shape \(shape) and dtype \(elementType.rawValue) has \(offsets[1] - offsets[0]) bytes, "
          + "which its shape does not take")
    }
    return Tensor(
      entry: Safetensors.Entry(name: name, elementType: elementType, shape: shape), range: offsets[0]..<offsets[1])
  }

  private static func sizes(_ value: JSON?) -> [Int]? {
    guard case .array(let elements) = value else { return nil }
    let sizes = elements.compactMap(\.integerValue).filter { $0 >= 0 }
    return sizes.count == elements.count ? sizes : nil
  }
}
