import Autograd
import DistTrain
import Testing
import TestSupport

struct SafetensorsConversionTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// A file of one tensor, of integers that hold its bits.
  private func write<Bits: FixedWidthInteger>(_ type: Safetensors.ElementType, _ bits: [Bits]) throws -> SafetensorsFile
  {
    let path = "\(folder.path)/x.safetensors"
    let entry = Safetensors.Entry(name: "x", elementType: type, shape: [bits.count])
    try Safetensors.write(to: path, entries: [entry], metadata: []) { _, write in
      try bits.map(\.littleEndian).withUnsafeBytes(write)
    }
    return try SafetensorsFile(path: path)
  }

  /// 1, -2, the largest, the least normal, the least of all, -0, infinity and no number.
  @Test func `half precision becomes single, exactly`() throws {
    let file = try write(.float16, [0x3C00, 0xC000, 0x7BFF, 0x0400, 0x0001, 0x8000, 0x7C00, 0x7E00] as [UInt16])
    let values = try TensorFile.read("x", from: file).array(of: Float.self)
    #expect(values.prefix(5) == [1, -2, 65504, 0x1p-14, 0x1p-24])
    #expect(values[5] == 0 && values[5].sign == .minus && values[6] == .infinity && values[7].isNaN)
  }

  @Test func `bfloat16 becomes single precision, and 32-bit integers longer`() throws {
    let file = try write(.bfloat16, [0x3F80, 0xC049, 0x0001, 0x7F80] as [UInt16])
    let values = try TensorFile.read("x", from: file).array(of: Float.self)
    #expect(values == [1, -3.140625, Float(bitPattern: 0x10000), .infinity])
    let integers = try TensorFile.read("x", from: write(.int32, [-7, .max, .min] as [Int32]))
    #expect(integers.dtype == .int64 && integers.array(of: Int64.self) == [-7, 2_147_483_647, -2_147_483_648])
  }

  @Test func `a model reads 16-bit weights, and ignores what others have where it is asked to`() throws {
    let model = Linear(2, 1, bias: false)
    let path = "\(folder.path)/m.safetensors"
    let entries = ["weight", "extra"].map { Safetensors.Entry(name: $0, elementType: .bfloat16, shape: [1, 2]) }
    try Safetensors.write(to: path, entries: entries, metadata: []) { _, write in
      try ([0x3F80, 0x4000] as [UInt16]).withUnsafeBytes(write)
    }
    #expect(
      fileErrorMessage { try TensorFile.readState(of: model, from: path) }.hasSuffix(
        "holds the tensor 'extra', which the model does not have: it is of another model"))
    try TensorFile.readState(of: model, from: path, ignoringOthers: true)
    #expect(model.weight.array(of: Float.self) == [1, 2])
    let wide = Linear(2, 1, bias: false, dtype: .float64)
    #expect(
      fileErrorMessage { try TensorFile.readState(of: wide, from: path, ignoringOthers: true) }.hasSuffix(
        "tensor 'weight' is BF16 of shape [1, 2], expected F64 of shape [1, 2]"))
  }

  @Test func `a file that does not fit leaves the model as it was`() throws {
    let path = "\(folder.path)/m.safetensors"
    let model = BatchNorm1d(2)
    let ones = Array(model.stateDictionary().prefix(2))
    try TensorFile.write([ones[0], (ones[1].name, .full([2], 7))], to: path)
    #expect(
      fileErrorMessage { try TensorFile.readState(of: model, from: path) }.hasSuffix(
        "has no tensor 'running_mean'"))
    try TensorFile.write(
      model.stateDictionary().map { name, tensor in
        (name, name == "running_var" ? .full([3], 7) : Tensor.full(tensor.shape, 7).cast(to: tensor.dtype))
      }, to: path)
    #expect(
      fileErrorMessage { try TensorFile.readState(of: model, from: path) }.hasSuffix(
        "tensor 'running_var' is F32 of shape [3], expected F32 of shape [2]"))
    #expect(model.weight?.array(of: Float.self) == [1, 1] && model.bias?.array(of: Float.self) == [0, 0])
    #expect(model.runningMean.array(of: Float.self) == [0, 0] && model.batchCount.item() == 0)
  }

  /// An output layer with the weight of the embedding, as of a language model.
  private final class Tied: Module {
    let tokens = Embedding(5, 3)
    let output: Linear

    override init() { output = Linear(weight: tokens.weight) }
  }

  @Test(arguments: ["tokens.weight", "output.weight"])
  func `a file may hold what two layers share under one of its names`(_ name: String) throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/tied.safetensors"
    let weight = Tensor.arange(15).reshaped([5, 3]).cast(to: .float32)
    try TensorFile.write([(name, weight)], to: path)
    let model = Tied()
    try TensorFile.readState(of: model, from: path)
    #expect(model.tokens.weight.array(of: Float.self) == weight.array())
    try TensorFile.write([(name, Tensor.zeros([5, 4]))], to: path)
    #expect(fileErrorMessage { try TensorFile.readState(of: model, from: path) }.contains("'\(name)'"))
    #expect(model.output.weight.array(of: Float.self) == weight.array())
  }
}
