import Autograd
import DistTrain
import TestSupport
import Testing

struct ReadersAsDatasetsTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func table(_ text: String, hasHeader: Bool = true, missing: CSVFile.MissingValues = .error) throws -> CSVFile
  {
    try CSVFile(path: folder.write(Array(text.utf8), to: "table.csv"), hasHeader: hasHeader, missing: missing)
  }

  @Test(arguments: [
    ("c-float32", DataType.float32), ("fortran-float64", .float64), ("big-int32", .int64), ("version2-uint8", .uint8),
  ])
  func turnsNPYFilesIntoTensors(name: String, dtype: DataType) throws {
    let tensor = try NPYFile(path: fixture("files/\(name).npy")).tensor
    #expect(tensor.dtype == dtype && tensor.shape == [2, 3, 4])
    #expect(tensor.array(of: Double.self) == (0..<24).map(Double.init))
    #expect(TensorDataset(tensor).batch([1])[0].array(of: Double.self) == (12..<24).map(Double.init))
  }

  @Test func turnsScalarsAndTruthValuesIntoTensors() throws {
    let scalar = try NPYFile(path: fixture("files/scalar-int64.npy")).tensor
    #expect(scalar.dtype == .int64 && scalar.shape == [] && scalar.item() == -7)
    let half = try NPYFile(path: fixture("files/fortran-big-float16.npy")).tensor
    #expect(half.dtype == .float32 && half.shape == [2, 3])
    #expect(half.array(of: Float.self) == [1.5, -2, 65504, 0x1p-24, -0.0, .infinity])
    let truth = try NPYFile(path: fixture("files/bool.npy")).tensor
    #expect(truth.dtype == .bool && truth.array(of: Bool.self) == [true, false, true])
    // A file may hold other bytes than 0 and 1; all but 0 are true.
    var bytes = try contents(fixture("files/bool.npy"))
    bytes[bytes.count - 1] = 0xFE
    let odd = try NPYFile(path: folder.write(bytes, to: "odd.npy")).tensor
    #expect(odd.array(of: Bool.self) == [true, false, true])
  }

  @Test(arguments: [
    (UInt8(0x08), [UInt8]([1, 254]), DataType.uint8, [1.0, 254]),
    (0x09, [1, 254], .int64, [1, -2]),
    (0x0B, [0, 1, 0xFF, 0xFE], .int64, [1, -2]),
    (0x0C, [0, 0, 1, 0, 0xFF, 0xFF, 0xFF, 0xFE], .int64, [256, -2]),
    (0x0D, [0x3F, 0x80, 0, 0, 0xC0, 0, 0, 0], .float32, [1, -2]),
    (0x0E, [0x3F, 0xF0, 0, 0, 0, 0, 0, 0, 0xC0, 0, 0, 0, 0, 0, 0, 0], .float64, [1, -2]),
  ])
  func turnsIDXFilesIntoTensors(type: UInt8, elements: [UInt8], dtype: DataType, values: [Double]) throws {
    let path = try folder.write(idx(type: type, shape: [2, 1], elements: elements), to: "array.idx")
    let tensor = try IDXFile(path: path).tensor
    #expect(tensor.dtype == dtype && tensor.shape == [2, 1] && tensor.array(of: Double.self) == values)
  }

  @Test func turnsTablesIntoDataSets() throws {
    let file = try table("size,rooms,price,kind\n10,1,2.5,0\n20,2,3.5,2\n30,3,4.5,1\n")
    let prices = try file.dataset(target: "price").batch([2, 0])
    #expect(prices.inputs.shape == [2, 3] && prices.inputs.dtype == .float32)
    #expect(prices.inputs.array(of: Float.self) == [30, 3, 1, 10, 1, 0])
    #expect(prices.targets.shape == [2, 1] && prices.targets.array(of: Float.self) == [4.5, 2.5])
    let kinds = try file.dataset(classes: "kind").batch([0, 1, 2])
    #expect(kinds.inputs.array(of: Float.self) == [10, 1, 2.5, 20, 2, 3.5, 30, 3, 4.5])
    #expect(kinds.targets.dtype == .int64 && kinds.targets.array(of: Int.self) == [0, 2, 1])
    let some = try file.tensor(["kind", "size"], dtype: .float64)
    #expect(some.dtype == .float64 && some.array(of: Double.self) == [0, 10, 2, 20, 1, 30])
    #expect(try file.tensor().shape == [3, 4])
    #expect(try table("1,2\n3,4\n", hasHeader: false).tensor().array(of: Float.self) == [1, 2, 3, 4])
  }

  @Test func namesTheColumnThatIsWrong() throws {
    func message(_ body: () throws -> Void) -> String {
      fileErrorMessage(body).replacing("\(folder.path)/table.csv: ", with: "")
    }
    let file = try table("a,b,b\n1,2,3\n4,1.5,-1\n")
    #expect(message { _ = try file.dataset(target: "c") } == "has no column 'c': the columns are a, b, b")
    #expect(message { _ = try file.dataset(classes: "b") } == "has 2 columns 'b': the columns are a, b, b")
    #expect(message { _ = try file.tensor(["a", "x"]) } == "has no column 'x': the columns are a, b, b")
    let nameless = try table("1,2\n", hasHeader: false)
    #expect(message { _ = try nameless.dataset(target: "a") } == "has no column 'a': none has a name")
    for (text, found) in [("1.5", "1.5"), ("-1", "-1.0"), ("", "nan"), ("1e30", "1e+30")] {
      let classes = try table("a,b\n1,2\n1,\(text)\n", missing: .keep)
      #expect(
        message { _ = try classes.dataset(classes: "b") }
          == "line 3: column 'b' is \(found), expected a class: 0, 1, 2, …")
    }
  }
}
