/// Reads pickles of protocol 2 to 5, one after the other, with a stack of values as Python does. Texts of Python 2, which are
/// bytes there, are read as texts.
///
/// Format: <https://github.com/python/cpython/blob/3.13/Lib/pickletools.py>.
struct PickleReader {
  /// Where the next pickle begins.
  private(set) var position = 0
  private let bytes: [UInt8]
  private let path: String
  private var stack: [Pickle.Value] = []
  /// How many values lay on the stack when each mark was set.
  private var marks: [Int] = []
  private var memo: [Int: Pickle.Value] = [:]
  private var objects: [Pickle.Object] = []

  /// More are not followed: each may take many times its byte of memory, and those of a small file be many when it is
  /// compressed.
  private static let mostOpcodes = 1 << 22
  /// Of a class or function, with its module, in bytes: two texts may be joined again and again.
  private static let longestName = 255

  /// - Parameter path: The file that the bytes are from, for messages.
  init(_ bytes: [UInt8], path: String) {
    self.bytes = bytes
    self.path = path
  }

  /// The next pickle.
  ///
  /// - Throws: ``FileError`` where the bytes are none, or hold what is not written by these protocols.
  mutating func next() throws -> Pickle {
    (stack, marks, memo, objects) = ([], [], [:], [])
    for _ in 0..<Self.mostOpcodes {
      let opcode = try take(1).first!
      guard opcode != UInt8(ascii: ".") else {
        return try Pickle(value: pop(), objects: objects)
      }
      try follow(opcode)
    }
    throw Pickle.tooLarge(path)
  }

  private mutating func follow(_ opcode: UInt8) throws {
    switch opcode {
    // The protocol, and the length of a frame.
    case 0x80: _ = try take(1)
    case 0x95: _ = try take(8)
    // Values.
    case UInt8(ascii: "N"), 0x88, 0x89: stack.append(.other)
    case UInt8(ascii: "K"): stack.append(.integer(Int(try take(1).first!)))
    case UInt8(ascii: "M"): stack.append(.integer(try count(of: 2)))
    case UInt8(ascii: "J"): stack.append(.integer(Int(Int32(truncatingIfNeeded: try count(of: 4)))))
    case 0x8A: stack.append(Self.integer(try take(count(of: 1))))
    case 0x8B: stack.append(Self.integer(try take(count(of: 4))))
    case UInt8(ascii: "G"):
      _ = try take(8)
      stack.append(.other)
    case UInt8(ascii: "X"): stack.append(.text(try text(count(of: 4))))
    case 0x8C: stack.append(.text(try text(count(of: 1))))
    case 0x8D: stack.append(.text(try text(count(of: 8))))
    case UInt8(ascii: "U"): stack.append(.text(try text(count(of: 1))))
    case UInt8(ascii: "T"): stack.append(.text(try text(count(of: 4))))
    case UInt8(ascii: "C"): try skipBytes(count(of: 1))
    case UInt8(ascii: "B"): try skipBytes(count(of: 4))
    case 0x8E, 0x96: try skipBytes(count(of: 8))
    // Values that hold others.
    case UInt8(ascii: ")"), UInt8(ascii: "]"), 0x8F: push(.sequence([]))
    case UInt8(ascii: "}"): push(.dictionary([]))
    case UInt8(ascii: "t"), UInt8(ascii: "l"), 0x91: push(.sequence(try popToMark()))
    case 0x85...0x87:
      let members = try (0x85...opcode).map { _ in try pop() }
      push(.sequence(members.reversed()))
    case UInt8(ascii: "d"): push(.dictionary(try pairs(popToMark())))
    case UInt8(ascii: "a"): try append([pop()])
    case UInt8(ascii: "e"), 0x90: try append(popToMark())
    case UInt8(ascii: "s"):
      let value = try pop()
      try set([(key: pop(), value: value)])
    case UInt8(ascii: "u"): try set(pairs(popToMark()))
    // Names and what is made by them.
    case UInt8(ascii: "c"): try appendName(inModule: line(), line())
    case 0x93:
      let name = try pop().text
      guard let module = try pop().text, let name else { throw corrupt("a class whose name is no text") }
      try appendName(inModule: module, name)
    case UInt8(ascii: "R"), 0x81: try call(arguments: pop())
    case 0x92:
      _ = try pop()
      try call(arguments: pop())
    // An object's own state is not looked at: that of a dictionary is no part of what it maps.
    case UInt8(ascii: "b"): _ = try pop()
    case UInt8(ascii: "Q"): push(.persistent(try pop()))
    // The stack and the memo.
    case UInt8(ascii: "("): marks.append(stack.count)
    case UInt8(ascii: "0"): _ = try pop()
    case UInt8(ascii: "1"): _ = try popToMark()
    case UInt8(ascii: "2"): stack.append(try top())
    case UInt8(ascii: "q"): memo[try count(of: 1)] = try top()
    case UInt8(ascii: "r"): memo[try count(of: 4)] = try top()
    case 0x94: memo[memo.count] = try top()
    case UInt8(ascii: "h"): try recall(count(of: 1))
    case UInt8(ascii: "j"): try recall(count(of: 4))
    default: throw corrupt("the opcode \(opcode), which protocols 2 to 5 do not write for data")
    }
  }

  private func corrupt(_ found: String) -> FileError {
    FileError(path, "is no pickle that can be read: before byte \(position) it has \(found)")
  }

  // MARK: Bytes

  private mutating func take(_ count: Int) throws -> ArraySlice<UInt8> {
    guard count <= bytes.count - position else { throw corrupt("\(count) bytes that are not there") }
    defer { position += count }
    return bytes[position..<position + count]
  }

  /// A little-endian number of so many bytes; `Int.max` for those above it.
  private mutating func count(of size: Int) throws -> Int {
    Int(clamping: try take(size).reversed().reduce(0 as UInt64) { $0 << 8 | UInt64($1) })
  }

  /// A little-endian number in two's complement.
  private static func integer(_ bytes: ArraySlice<UInt8>) -> Pickle.Value {
    guard bytes.count <= 8 else { return .other }
    let sign: Int64 = bytes.last.map { $0 >= 0x80 ? -1 : 0 } ?? 0
    return .integer(Int(bytes.reversed().reduce(sign) { $0 << 8 | Int64($1) }))
  }

  private mutating func text(_ count: Int) throws -> String { String(decoding: try take(count), as: UTF8.self) }

  private mutating func line() throws -> String {
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else {
      throw corrupt("a line without an end")
    }
    let line = try text(end - position)
    position += 1
    return line
  }

  private mutating func skipBytes(_ count: Int) throws {
    _ = try take(count)
    stack.append(.other)
  }

  // MARK: The stack

  private mutating func push(_ object: Pickle.Object) {
    stack.append(.object(objects.count))
    objects.append(object)
  }

  private mutating func appendName(inModule module: String, _ name: String) throws {
    let count = module.utf8.count + name.utf8.count
    guard count <= Self.longestName else { throw corrupt("a class whose name is of \(count) bytes") }
    stack.append(.name("\(module).\(name)"))
  }

  private func top() throws -> Pickle.Value {
    guard stack.count > marks.last ?? 0, let value = stack.last else { throw corrupt("an opcode without its values") }
    return value
  }

  private mutating func pop() throws -> Pickle.Value {
    let value = try top()
    stack.removeLast()
    return value
  }

  private mutating func popToMark() throws -> [Pickle.Value] {
    guard let mark = marks.popLast() else { throw corrupt("an opcode without its mark") }
    defer { stack.removeLast(stack.count - mark) }
    return Array(stack[mark...])
  }

  private mutating func recall(_ key: Int) throws {
    guard let value = memo[key] else { throw corrupt("the memo \(key), which it has not set") }
    stack.append(value)
  }

  // MARK: Objects

  private func pairs(_ values: [Pickle.Value]) throws -> [(key: Pickle.Value, value: Pickle.Value)] {
    guard values.count.isMultiple(of: 2) else { throw corrupt("a key without a value") }
    return stride(from: 0, to: values.count, by: 2).map { (key: values[$0], value: values[$0 + 1]) }
  }

  /// Adds to the object on top of the stack. What a call gives keeps its own additions to itself.
  private mutating func append(_ values: [Pickle.Value]) throws {
    guard case .object(let place) = try top() else { throw corrupt("members of what has none") }
    guard case .sequence(var members) = objects[place] else { return }
    objects[place] = .sequence([])
    members += values
    objects[place] = .sequence(members)
  }

  private mutating func set(_ pairs: [(key: Pickle.Value, value: Pickle.Value)]) throws {
    guard case .object(let place) = try top() else { throw corrupt("members of what has none") }
    guard case .dictionary(var members) = objects[place] else { return }
    objects[place] = .dictionary([])
    members += pairs
    objects[place] = .dictionary(members)
  }

  private mutating func call(arguments: Pickle.Value) throws {
    let callee = try pop()
    if callee.name == Pickle.orderedDictionary, case .object(let place) = arguments,
      case .sequence(let members) = objects[place], members.isEmpty
    {
      push(.dictionary([]))
    } else {
      push(.call(callee, arguments: arguments))
    }
  }
}
