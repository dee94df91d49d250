import DistTrain
import Testing
import TestSupport

/// Pickles that nobody's `torch.save` writes, in files of the older format.
struct PickleTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let start: [UInt8] = [
    0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E,
  ]

  /// The path of a file of this pickle, without its end, and a storage of four numbers if it has a name.
  private func file(_ pickle: [UInt8], storage: String? = "0", elements: Int = 4) throws -> String {
    let empty = Array("\u{80}\u{2}}.".unicodeScalars.map { UInt8($0.value) })
    let keys: [UInt8] = [0x80, 2] + Array("](".utf8) + (storage.map(text) ?? []) + Array("e.".utf8)
    let data = littleEndian(elements, count: 8) + (0..<16).map { UInt8($0) }
    return try folder.write(
      Self.start + empty + empty + [0x80, 2] + pickle + Array(".".utf8) + keys + data, to: "pickle.pth")
  }

  private func message(_ pickle: [UInt8], storage: String? = nil) -> String {
    fileErrorMessage { _ = try PyTorchFile(path: file(pickle, storage: storage)) }
      .replacingOccurrences(of: "\(folder.path)/pickle.pth: ", with: "")
  }

  private func text(_ text: String) -> [UInt8] {
    [UInt8(ascii: "X")] + littleEndian(text.utf8.count, count: 4) + Array(text.utf8)
  }

  private func integer(_ number: Int) -> [UInt8] { [0x8A, 8] + littleEndian(number, count: 8) }

  private func tuple(_ values: [UInt8]...) -> [UInt8] { Array("(".utf8) + values.flatMap { $0 } + Array("t".utf8) }

  /// A tensor called `a` in a dictionary.
  private func tensor(offset: Int = 0, shape: [Int], strides: [Int], count: Int = 4) -> [UInt8] {
    Array("}".utf8) + text("a") + call(offset: offset, shape: shape, strides: strides, count: count)
      + Array("s".utf8)
  }

  /// A tensor with these numbers in a storage that claims to have `count` elements.
  private func call(
    offset: Int = 0, shape: [Int], strides: [Int], count: Int = 4, text: ((String) -> [UInt8])? = nil
  ) -> [UInt8] {
    let text = text ?? self.text
    func numbers(_ numbers: [Int]) -> [UInt8] {
      Array("(".utf8) + numbers.flatMap(integer) + Array("t".utf8)
    }
    let storage =
      tuple(text("storage"), Array("ctorch\nFloatStorage\n".utf8), text("0"), text("cpu"), integer(count))
      + Array("Q".utf8)
    return Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8)
      + tuple(storage, integer(offset), numbers(shape), numbers(strides)) + Array("R".utf8)
  }

  @Test func `a tensor is found`() throws {
    let file = try PyTorchFile(path: file(tensor(offset: 1, shape: [3], strides: [1])))
    #expect(file.entries == [.init(name: "a", elementType: .float32, shape: [3])])
    #expect(try file.bytes("a").withUnsafeBytes(Array.init) == (4..<16).map { UInt8($0) })
  }

  @Test(arguments: [
    (2, [3], [1], 4), (0, [5], [1], 4), (0, [2, 2], [3, 2], 4), (0, [2], [Int.max], 4), (Int.max, [2], [1], 4),
    (0, [Int.max, Int.max], [1, 1], 4), (-1, [2], [1], 4), (0, [-2], [1], 4), (0, [2], [-1], 4), (0, [2, 2], [1], 4),
    (0, [5], [1], Int.max), (0, [1 << 40], [0], Int.max), (0, [Int.max, 2], [0, 0], Int.max), (0, [2], [1], -1),
    (3, [2], [1], Int.max), (0, [0, Int.max], [1, 1], 4),
  ])
  func `elements that are not there are told`(_ offset: Int, _ shape: [Int], _ strides: [Int], _ count: Int) {
    let found = message(tensor(offset: offset, shape: shape, strides: strides, count: count), storage: "0")
    let messages = [
      "tensor 'a' ", "is truncated: 4 elements in the storage of ", "is corrupt: nothing is in the storage '0'",
    ]
    #expect(messages.contains(where: found.hasPrefix), "\(found)")
  }

  /// Python 2 has bytes for texts, here with a length of one byte and of four, and a dictionary's members in a list.
  @Test func `a state dictionary of Python 2 is read`() throws {
    func bytes(_ text: String) -> [UInt8] { [UInt8(ascii: "U"), UInt8(text.utf8.count)] + Array(text.utf8) }
    let long = [UInt8(ascii: "T")] + littleEndian(1, count: 4) + Array("b".utf8)
    let members = [bytes("a"), long].enumerated().flatMap { place, key in
      Array("](".utf8) + key + call(offset: place, shape: [1], strides: [1], text: bytes) + Array("e".utf8)
    }
    let pickle = Array("ccollections\nOrderedDict\n](".utf8) + members + [UInt8(ascii: "e"), 0x85, UInt8(ascii: "R")]
    let file = try PyTorchFile(path: file(pickle))
    #expect(file.entries.map(\.name) == ["a", "b"])
    #expect(try file.bytes("b").withUnsafeBytes(Array.init) == [4, 5, 6, 7])
    // What is no pair has no name.
    let odd = Array("ccollections\nOrderedDict\n](](Nee".utf8) + [0x85, UInt8(ascii: "R")]
    #expect(message(odd).hasPrefix("holds no tensors"))
  }

  @Test func `the stride of a dimension of one element is any number`() throws {
    let file = try PyTorchFile(path: file(tensor(offset: 1, shape: [2, 1], strides: [1, Int.max])))
    #expect(try file.bytes("a").withUnsafeBytes(Array.init) == (4..<12).map { UInt8($0) })
  }

  @Test func `a name that is long by its levels is told`() {
    let key = text(String(repeating: "a", count: 499))
    func nested(_ levels: Int) -> [UInt8] {
      levels == 0
        ? tensor(shape: [1], strides: [1]) : Array("}".utf8) + key + nested(levels - 1) + Array("s".utf8)
    }
    #expect(message(nested(2), storage: "0") == "has a name of 1001 bytes, expected at most 1000")
    #expect(message(nested(1), storage: "0") == "no error")
  }

  @Test func `a tensor without elements needs no room`() throws {
    let file = try PyTorchFile(path: file(tensor(offset: Int.max, shape: [3, 0], strides: [Int.max, 1])))
    #expect(try file.bytes("a").count == 0)
  }

  /// The list that holds itself, each of 80 lists twice in the next, and 3 million lists each in the next.
  @Test func `values that hold themselves or each other many times are harmless`() {
    let tooMany = "holds more values, or in more levels, than are looked at for tensors"
    #expect(message(Array("]q\0h\0a".utf8)) == tooMany)
    let twice = (0..<80).flatMap { [UInt8(ascii: "q"), $0, UInt8(ascii: "h"), $0, 0x86] }
    #expect(message(Array("]".utf8) + twice) == tooMany)
    let deep = [UInt8](repeating: UInt8(ascii: "]"), count: 3_000_000)
    #expect(message(deep + [UInt8](repeating: UInt8(ascii: "a"), count: deep.count - 1)) == tooMany)
    let wide = Array("(".utf8) + [UInt8](repeating: UInt8(ascii: "N"), count: 1_100_000) + Array("t".utf8)
    #expect(message(wide) == tooMany)
    // A parameter of a parameter …, a million times, and one of itself.
    let name = Array("ctorch._utils\n_rebuild_parameter\nq\0".utf8)
    let nested = (0..<1_000_000).flatMap { _ in [UInt8(ascii: "h"), 0] }
    let ends = (0..<1_000_000).flatMap { _ in [0x85, UInt8(ascii: "R")] as [UInt8] }
    #expect(message(name + nested + Array("N".utf8) + ends).hasPrefix("holds no tensors"))
    #expect(message(name + Array("]q\u{1}Rq\u{2}0h\u{1}h\u{2}a".utf8)).hasPrefix("holds no tensors"))
  }

  private func bytes(_ byte: String, times count: Int) -> [UInt8] { Array(String(repeating: byte, count: count).utf8) }

  /// A few bytes must not become gigabytes, nor hours: names are joined, and what is named is looked at, time and again.
  @Test(.timeLimit(.minutes(1))) func `what grows out of few bytes is told`() {
    let tooMany = "holds more values, or in more levels, than are looked at for tensors"
    #expect(message(bytes("N0", times: 3_000_000)) == tooMany)
    let long = text(String(repeating: "k", count: 200))
    #expect(
      message(long + Array("q\0h\0\u{93}".unicodeScalars.map { UInt8($0.value) })).hasSuffix(
        "a class whose name is of 400 bytes"))
    #expect(
      message(Array("c".utf8) + bytes("m", times: 255) + Array("\nname\n".utf8)).hasSuffix(
        "a class whose name is of 259 bytes"))
    // Dictionaries in one another, with long keys.
    let key = text(String(repeating: "k", count: 300))
    let levels = (0..<5).flatMap { _ in Array("}".utf8) + key }
    #expect(message(levels + Array("NsssssN0".utf8)) == "has a name of 1203 bytes, expected at most 1000")
    let one = tensor(shape: [1], strides: [1]).dropFirst(7).dropLast()
    let same = Array("](".utf8) + one + Array("q\u{5}".utf8) + (0..<60_000).flatMap { _ in [UInt8(ascii: "h"), 5] }
    let three =
      Array("}".utf8) + key + Array("}".utf8) + key + Array("}".utf8) + text(String(repeating: "k", count: 200))
    #expect(message(three + same + Array("esss".utf8), storage: "0") == tooMany)
    // A parameter of a parameter …, 200,000 times in a list.
    let name = Array("(ctorch._utils\n_rebuild_parameter\nq\0".utf8)
    let nested = (0..<200_000).flatMap { _ in [UInt8(ascii: "h"), 0] }
    let ends = (0..<200_000).flatMap { _ in [0x85, UInt8(ascii: "R")] as [UInt8] }
    let all = Array("q\u{1}".utf8) + (0..<200_000).flatMap { _ in [UInt8(ascii: "h"), 1] } + Array("t".utf8)
    #expect(message(name + nested + Array("N".utf8) + ends + all).hasPrefix("holds no tensors"))
  }

  @Test func `no more dimensions are read than tensors have, and no longer names of storages`() {
    func found(_ count: Int) -> String {
      let ones = [Int](repeating: 1, count: count)
      return message(tensor(shape: ones, strides: ones), storage: "0")
    }
    #expect(found(64) == "no error")
    #expect(found(65) == "tensor 'a' has no storage, shape and strides that can be read")
    let key = text(String(repeating: "0", count: 1001))
    let storage =
      tuple(text("storage"), Array("ctorch\nFloatStorage\n".utf8), key, text("cpu"), integer(4)) + Array("Q".utf8)
    let one =
      Array("}".utf8) + text("a") + Array("ctorch._utils\n_rebuild_tensor_v2\n".utf8)
      + tuple(storage, integer(0), tuple(integer(1)), tuple(integer(1))) + Array("Rs".utf8)
    #expect(message(one) == "tensor 'a' has no storage, shape and strides that can be read")
  }

  @Test(arguments: [
    ("", "an opcode without its values"), ("N(", "an opcode without its values"),
    ("t", "an opcode without its mark"), ("a", "an opcode without its values"), ("NNa", "members of what has none"),
    ("NNNs", "members of what has none"), ("}(Nu", "a key without a value"),
    ("h\u{7}", "the memo 7, which it has not set"),
    ("ctorch", "a line without an end"), ("X\u{7f}\u{7f}\u{7f}\u{7f}a", "2139062143 bytes that are not there"),
    ("NN\u{93}", "a class whose name is no text"),
    ("i", "the opcode 105, which protocols 2 to 5 do not write for data"),
  ])
  func `what is no pickle is told`(_ pickle: String, _ expected: String) {
    // Without the pickle's end, which is the keys' there.
    let found = message(pickle.unicodeScalars.map { UInt8($0.value) })
    #expect(found.hasPrefix("is no pickle that can be read: before byte ") && found.contains(expected), "\(found)")
  }

  @Test func `two tensors of one name are told`() {
    let one = tensor(shape: [1], strides: [1])
    #expect(message(Array("(".utf8) + one + Array("t".utf8), storage: "0") == "no error")
    let pair = Array("}".utf8) + one.dropFirst() + one.dropFirst()
    #expect(message(Array(pair), storage: "0") == "has two tensors 'a'")
  }

  @Test func `a storage that is a part of another is told`() {
    let view =
      tuple(
        text("storage"), Array("ctorch\nFloatStorage\n".utf8), text("0"), text("cpu"), integer(4),
        tuple(text("1"), integer(0), integer(2))) + Array("Q".utf8)
    #expect(
      message(view, storage: "0") == "has elements in a torch.FloatStorage that is a part of another, which is not read"
    )
  }

  @Test func `the storages are checked`() {
    #expect(message(Array("}".utf8), storage: "0") == "is corrupt: nothing is in the storage '0'")
    #expect(message(tensor(shape: [1], strides: [1])) == "holds no elements of the tensor 'a'")
    for elements in [5, Int.max, -1] {
      let found = fileErrorMessage {
        _ = try PyTorchFile(path: file(tensor(shape: [1], strides: [1]), elements: elements))
      }
      #expect(
        found.contains("pickle.pth: is truncated: ") && found.hasSuffix(" elements expected in 16 bytes"), "\(found)")
    }
  }
}
