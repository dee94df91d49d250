import Autograd
import DistTrain
import Testing
import TestSupport

/// Files that `torch.save` wrote; `Tests/Fixtures/generate/torch_files.py` says of what.
struct PyTorchFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let formats = ["checkpoint", "protocol-4", "older"]

  @Test(arguments: formats)
  func `tensors are found by their keys and read with their types`(_ name: String) throws {
    let file = try TensorFile.open(path: fixture("files/\(name).pth"))
    func values<Element: TensorElement>(_ name: String, _: Element.Type = Element.self) throws -> [Element] {
      try TensorFile.read(name, from: file).array(of: Element.self)
    }
    let layers = [
      "0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked",
    ]
    #expect(
      file.entries.map(\.name) == layers.map { "model.\($0)" } + [
        "columns", "part", "shared", "list.0", "list.1.0", "parameter", "half", "int32", "uint8", "bool", "empty", "7",
      ])
    #expect(file.metadata.isEmpty)
    #expect(try values("model.0.weight") == [0, 1, 2, 3, 4, 5] as [Float])
    #expect(try values("model.1.running_var") == [5, 6, 7] as [Float])
    #expect(try values("model.1.num_batches_tracked") == [6] as [Int64])
    #expect(file.entry("model.1.num_batches_tracked")?.shape == [])
    #expect(try values("columns") == [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11] as [Float])
    #expect(file.entry("columns")?.shape == [4, 3])
    #expect(try values("part") == [4, 6, 8, 10] as [Float] && file.entry("part")?.shape == [2, 2])
    #expect(try values("shared") == (0..<12).map(Float.init))
    #expect(try values("list.0") == [3.5] as [Double])
    #expect(try values("list.1.0") == [1.5, -2] as [Float])
    #expect(try values("parameter") == [0.25, -1] as [Float])
    #expect(try values("half") == [1.5, -2] as [Float])
    #expect(try values("int32") == [1, -2] as [Int64])
    #expect(try values("uint8") == [1, 255] as [UInt8])
    #expect(try values("bool") == [true, false])
    #expect(try TensorFile.read("empty", from: file).shape == [0, 3])
    #expect(try values("7") == [7] as [Int64])
    #expect(fileErrorMessage { _ = try file.bytes("epoch") }.hasSuffix("\(name).pth: has no tensor 'epoch'"))
  }

  @Test(arguments: formats)
  func `a model reads its state`(_ name: String) throws {
    let model = Sequential(Linear(2, 3), BatchNorm1d(3))
    try TensorFile.readState(of: model, from: fixture("files/\(name).pth"), prefix: "model.")
    let state = model.stateDictionary().map { $0.tensor.cast(to: .float64).array(of: Double.self) }
    #expect(state == [[0, 1, 2, 3, 4, 5], [1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6], [5, 6, 7], [6]])
  }

  @Test(arguments: ["older-3", "older-4", "older-5", "attribute"])
  func `older files of all protocols are read, and tensors with attributes`(_ name: String) throws {
    let file = try TensorFile.open(path: fixture("files/\(name).pth"))
    #expect(file.entries == [.init(name: "a", elementType: .float32, shape: [2])])
    #expect(try TensorFile.read("a", from: file).array(of: Float.self) == [1.5, -2])
  }

  @Test(arguments: [
    ("big-endian", "has elements in the order 'big', expected little"),
    ("other-sign", "tensor 'a' has elements that are kept with the other sign, expected its resolve_neg()"),
    (
      "sparse",
      "tensor 'a' is one of torch._utils._rebuild_sparse_tensor, which is not read: expected a dense tensor"
    ),
    (
      "complex",
      "tensor 'a' has elements in a torch.ComplexFloatStorage, expected one of torch.BFloat16Storage, torch.Bool"
    ),
    ("expanded", "tensor 'a' of shape [5] repeats 1 elements, as expand() does: expected a clone() of it"),
    (
      "module",
      "holds no tensors but a torch.nn.modules.linear.Linear, expected a state dictionary: torch.save(model.state_dict(), …)"
    ),
    ("number", "holds no tensors, expected a state dictionary: torch.save(model.state_dict(), …)"),
    ("script", "is a TorchScript program, expected a state dictionary: torch.save(model.state_dict(), …)"),
  ])
  func `what holds no tensors that can be read is told`(_ name: String, _ message: String) {
    let found = fileErrorMessage { _ = try TensorFile.open(path: fixture("files/\(name).pth")) }
    #expect(found.hasPrefix(fixture("files/\(name).pth: \(message)")), "\(found)")
  }

  @Test func `an archive of something else is told`() {
    #expect(
      fileErrorMessage { _ = try TensorFile.open(path: fixture("files/stored.npz")) }.hasSuffix(
        "stored.npz: is a ZIP archive without data.pkl, expected what torch.save writes"))
    #expect(
      fileErrorMessage { _ = try PyTorchFile(path: fixture("files/c-float32.npy")) }.hasSuffix(
        "c-float32.npy: is not a file that torch.save has written"))
  }

  /// Of nine million values in a file of nine thousand bytes.
  @Test func `a pickle that would take much memory is refused`() {
    #expect(
      fileErrorMessage { _ = try TensorFile.open(path: fixture("files/long.pth")) }.hasSuffix(
        "long.pth[number/data.pkl]: holds more than the 8388608 bytes allowed here"))
  }

  private func readAll(_ path: String) throws -> [[UInt8]] {
    let file = try PyTorchFile(path: path)
    return try file.entries.map { try file.bytes($0.name).withUnsafeBytes(Array.init) }
  }

  @Test(arguments: formats)
  func `every truncation is an error`(_ name: String) throws {
    let bytes = try contents(fixture("files/\(name).pth"))
    for count in bytes.indices {
      let path = try folder.write(Array(bytes.prefix(count)), to: "part.pth")
      #expect(throws: FileError.self, "\(count) bytes") { try readAll(path) }
    }
  }

  /// The older format has no checksums: other numbers may come of it, or other names.
  @Test(arguments: formats, [0x01, 0x90] as [UInt8])
  func `no flipped byte does more than to change what is read`(_ name: String, _ flip: UInt8) throws {
    let bytes = try contents(fixture("files/\(name).pth"))
    let whole = try readAll(fixture("files/\(name).pth"))
    for index in bytes.indices {
      var flipped = bytes
      flipped[index] ^= flip
      let path = try folder.write(flipped, to: "flipped.pth")
      do {
        let found = try readAll(path)
        #expect(found == whole || name == "older", "byte \(index)")
      } catch is FileError {
        continue
      }
    }
  }
}
