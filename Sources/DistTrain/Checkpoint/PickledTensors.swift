/// A tensor in a pickle of PyTorch's: which elements of a storage it has.
struct PickledTensor {
  let elementType: Safetensors.ElementType
  /// The storage's key.
  let storage: String
  let offset: Int
  let shape: [Int]
  let strides: [Int]

  /// How many elements of the storage lie before the end of the tensor's last.
  let extent: Int

  /// Whether the elements lie one after the other.
  var isContiguous: Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      expected *= size
    }
    return true
  }

  /// Copies the tensor's elements out of the storage, row-major.
  func gather(from storage: UnsafeRawBufferPointer, into result: UnsafeMutableRawBufferPointer) {
    let size = elementType.size
    var index = [Int](repeating: 0, count: shape.count)
    var source = offset
    for start in stride(from: 0, to: result.count, by: size) {
      let element = UnsafeRawBufferPointer(rebasing: storage[source * size..<(source + 1) * size])
      UnsafeMutableRawBufferPointer(rebasing: result[start..<start + size]).copyMemory(from: element)
      for dimension in shape.indices.reversed() {
        // No further than to an element that there is: the stride of a dimension of one is any number.
        guard index[dimension] + 1 == shape[dimension] else {
          index[dimension] += 1
          source += strides[dimension]
          break
        }
        source -= index[dimension] * strides[dimension]
        index[dimension] = 0
      }
    }
  }
}

/// The tensors in a pickle of `torch.save`, found in its dictionaries and lists.
struct PickledTensors {
  private(set) var tensors: [(name: String, tensor: PickledTensor)] = []
  private let pickle: Pickle
  private let path: String

  /// More values are not looked at: a file may hold few that each hold others many times over.
  private static let mostValues = 1 << 20
  private static let (mostLevels, mostDimensions) = (64, 64)
  /// The most bytes of a name, of the storage of a tensor for one, and of the names of all tensors.
  static let longestName = 1000
  private static let longestNames = 32 << 20

  init(in pickle: Pickle, path: String) throws {
    self.pickle = pickle
    self.path = path
    // What is to be looked at, the next one last. Names are joined when it is its turn: there may be many in long ones.
    var rest: [(prefix: String, key: String, value: Pickle.Value, level: Int)] = [("", "", pickle.value, 0)]
    var (count, nameBytes) = (0, 0)
    while let (prefix, key, value, level) = rest.popLast() {
      let name = prefix.isEmpty ? key : "\(prefix).\(key)"
      guard name.utf8.count <= Self.longestName else {
        throw FileError(path, "has a name of \(name.utf8.count) bytes, expected at most \(Self.longestName)")
      }
      guard let members = members(of: value) else {
        guard let tensor = try tensor(of: value, name) else { continue }
        nameBytes += name.utf8.count
        guard nameBytes <= Self.longestNames else { throw Pickle.tooLarge(path) }
        tensors.append((name, tensor))
        continue
      }
      count += members.count
      guard count <= Self.mostValues, level < Self.mostLevels else { throw Pickle.tooLarge(path) }
      for (key, member) in members.reversed() {
        if case .object = member { rest.append((name, key, member, level + 1)) }
      }
    }
    guard !tensors.isEmpty else {
      throw FileError(path, "holds no tensors\(kind), expected a state dictionary: torch.save(model.state_dict(), …)")
    }
  }

  /// What a pickle holds that is no dictionary, for messages.
  private var kind: String {
    guard case .object(let place) = pickle.value, case .call(let callee, _) = pickle.objects[place],
      let name = callee.name
    else { return "" }
    return " but a \(name)"
  }

  /// The members of a dictionary or list; nil for other values.
  private func members(of value: Pickle.Value) -> [(String, Pickle.Value)]? {
    guard case .object(let place) = value else { return nil }
    switch pickle.objects[place] {
    case .sequence(let members): return members.enumerated().map { ("\($0)", $1) }
    case .dictionary(let members): return Self.named(members)
    case .call(let callee, let arguments):
      guard callee.name == Pickle.orderedDictionary else { return nil }
      // Python 2 has its members as pairs in a list.
      let pairs = pickle.sequence(arguments)?.first.flatMap(pickle.sequence) ?? []
      return Self.named(pairs.compactMap(pickle.sequence).filter { $0.count == 2 }.map { (key: $0[0], value: $0[1]) })
    case .persistent: return nil
    }
  }

  private static func named(_ members: [(key: Pickle.Value, value: Pickle.Value)]) -> [(String, Pickle.Value)] {
    members.compactMap { key, value in
      (key.text ?? key.integer.map(String.init)).map { ($0, value) }
    }
  }

  /// The tensor that a value is, or that of a parameter; nil for what is neither.
  ///
  /// - Throws: ``FileError`` for a tensor of a kind that is not read.
  private func tensor(of value: Pickle.Value, _ name: String) throws -> PickledTensor? {
    let parameters = ["torch._utils._rebuild_parameter", "torch._utils._rebuild_parameter_with_state"]
    guard var (callee, arguments) = call(value) else { return nil }
    if parameters.contains(callee) {
      guard let inner = arguments.first.flatMap(call) else { return nil }
      (callee, arguments) = inner
    }
    // A tensor with attributes: the function, the class, the function's arguments and the attributes.
    if callee == "torch._tensor._rebuild_from_type_v2", arguments.count >= 3, let function = arguments[0].name {
      (callee, arguments) = (function, pickle.sequence(arguments[2]) ?? [])
    }
    if callee == "torch._utils._rebuild_tensor_v2" { return try tensor(name, arguments) }
    guard !callee.hasPrefix("torch._utils._rebuild_") || parameters.contains(callee) else {
      throw FileError(path, "tensor '\(name)' is one of \(callee), which is not read: expected a dense tensor")
    }
    return nil
  }

  /// The name and the arguments of a call.
  private func call(_ value: Pickle.Value) -> (callee: String, arguments: [Pickle.Value])? {
    guard case .object(let place) = value, case .call(let callee, let arguments) = pickle.objects[place],
      let name = callee.name
    else { return nil }
    return (name, pickle.sequence(arguments) ?? [])
  }

  private func tensor(_ name: String, _ arguments: [Pickle.Value]) throws -> PickledTensor {
    func corrupt(_ what: String) -> FileError { FileError(path, "tensor '\(name)' has \(what)") }
    guard arguments.count >= 4, let storage = Storage(arguments[0], in: pickle), let offset = arguments[1].integer,
      let shape = pickle.integers(arguments[2], atMost: Self.mostDimensions),
      let strides = pickle.integers(arguments[3], atMost: Self.mostDimensions),
      shape.count == strides.count, (shape + strides + [offset]).allSatisfy({ $0 >= 0 })
    else { throw corrupt("no storage, shape and strides that can be read") }
    guard let elementType = storage.elementType else {
      let known = Storage.types.keys.sorted().joined(separator: ", ")
      throw corrupt("elements in a \(storage.type), expected one of \(known)")
    }
    // Beside what makes a tensor are those of its properties that change the elements' sign.
    guard arguments.count < 7 || !pickle.isDictionaryWithMembers(arguments[6]) else {
      throw corrupt("elements that are kept with the other sign, expected its resolve_neg()")
    }
    guard let extent = Self.extent(offset: offset, shape, strides), extent <= storage.count else {
      throw corrupt(
        "shape \(shape) with strides \(strides) from \(offset) on, in a storage of \(storage.count) elements")
    }
    return PickledTensor(
      elementType: elementType, storage: storage.key, offset: offset, shape: shape, strides: strides, extent: extent)
  }

  /// The end of the last element; nil above `Int.max`.
  private static func extent(offset: Int, _ shape: [Int], _ strides: [Int]) -> Int? {
    guard !shape.contains(0) else { return 0 }
    var result = offset
    for (size, stride) in zip(shape + [2], strides + [1]) {
      let (steps, isLarge) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, isLarger) = result.addingReportingOverflow(steps)
      guard !isLarge && !isLarger else { return nil }
      result = sum
    }
    return result
  }

  /// Bytes an element in each storage of the older format, by its key.
  ///
  /// - Throws: ``FileError`` for a storage of a type that is not read.
  static func storages(in pickle: Pickle, path: String) throws -> [String: Int] {
    var result: [String: Int] = [:]
    for place in pickle.objects.indices {
      guard case .persistent = pickle.objects[place], let storage = Storage(.object(place), in: pickle) else {
        continue
      }
      guard let elementType = storage.elementType, !storage.isView else {
        throw FileError(
          path,
          "has elements in a \(storage.type)\(storage.isView ? " that is a part of another" : ""), which is not read")
      }
      result[storage.key] = elementType.size
    }
    return result
  }
}

/// Elements outside of the pickle: `("storage", torch.FloatStorage, "0", "cpu", 12)`.
private struct Storage {
  let type: String
  let key: String
  /// Elements.
  let count: Int
  /// Whether it is a part of another, as the older format may tell.
  let isView: Bool

  static let types: [String: Safetensors.ElementType] = [
    "torch.DoubleStorage": .float64, "torch.FloatStorage": .float32, "torch.HalfStorage": .float16,
    "torch.BFloat16Storage": .bfloat16, "torch.LongStorage": .int64, "torch.IntStorage": .int32,
    "torch.ByteStorage": .uint8, "torch.BoolStorage": .bool,
  ]

  init?(_ value: Pickle.Value, in pickle: Pickle) {
    guard case .object(let place) = value, case .persistent(let identifier) = pickle.objects[place],
      let parts = pickle.sequence(identifier), parts.count >= 5, parts[0].text == "storage",
      let type = parts[1].name, let key = parts[2].text, let count = parts[4].integer, count >= 0,
      key.utf8.count <= PickledTensors.longestName
    else { return nil }
    self.type = type
    self.key = key
    self.count = count
    isView = parts.count > 5 && pickle.sequence(parts[5]) != nil
  }

  var elementType: Safetensors.ElementType? { Self.types[type] }
}
