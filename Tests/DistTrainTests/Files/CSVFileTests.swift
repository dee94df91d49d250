import Autograd
import DistTrain
import Testing
import TestSupport

struct CSVFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func read(
    _ text: String, hasHeader: Bool = false, separator: Unicode.Scalar = ",", missing: CSVFile.MissingValues = .error
  ) throws -> CSVFile {
    try CSVFile(
      path: folder.write(Array(text.utf8), to: "table.csv"), hasHeader: hasHeader, separator: separator,
      missing: missing)
  }

  @Test func readsNumbersHeadersAndQuotes() throws {
    let table = try read("\u{FEFF}\"a, \"\"b\"\"\",c\r\n1, -2.5e3 \r\n\r\n\"3\",4", hasHeader: true)
    #expect(table.columnNames == ["a, \"b\"", "c"])
    #expect(table.rowCount == 2 && table.columnCount == 2)
    #expect(table.values == [1, -2500, 3, 4])
    #expect(try read("\"a\"\"\"\"b\",\"\"\"\",\"\"\n", hasHeader: true).columnNames == ["a\"\"b", "\"", ""])
    #expect(try read("1;2\n3;4\n", separator: ";").values == [1, 2, 3, 4])
    #expect(try read("").rowCount == 0)
    #expect(try read("a,b\n", hasHeader: true).rowCount == 0)
  }

  @Test func readsCompressedTables() throws {
    let path = try folder.write(storedGzip(Array("1,2\n3,4\n".utf8)), to: "table.csv.gz")
    #expect(try CSVFile(path: path, hasHeader: false).values == [1, 2, 3, 4])
  }

  @Test func missingValuesFollowTheRule() throws {
    let text = "1,2\n,3\n4,nan\nNA,5\n6,7\n"
    #expect(fileErrorMessage { _ = try read(text) }.hasSuffix("line 2, field 1 is missing ('')"))
    #expect(fileErrorMessage { _ = try read("1,NaN") }.hasSuffix("line 1, field 2 is missing ('NaN')"))
    let kept = try read(text, missing: .keep).values
    #expect(kept.count == 10 && kept.indices.filter { kept[$0].isNaN } == [2, 5, 6])
    #expect(try read(text, missing: .dropRow).values == [1, 2, 6, 7])
  }

  @Test(arguments: [
    ("1,2\n3\n", "line 2 has 1 fields, expected 2 as in the first row"),
    ("1,2\n\n3,4,5\n", "line 3 has 3 fields, expected 2 as in the first row"),
    ("1,2\n3,x\n", "line 2, field 2 is 'x', expected a number"),
    ("0x10\n", "line 1, field 1 is '0x10', expected a number"),
    ("1e400\n", "line 1, field 1 is '1e400', expected a number"),
    ("1,2\r3,4\r", "line 1 has a carriage return without a line feed"),
    ("1,2\n1\0,2\n", "line 2 is no text in UTF-8"),
    ("1,2 3\n", "line 1, field 2 is '2 3', expected a number"),
    ("1\n\"2\n", "line 2 has a quote that is not closed"),
    ("\"1\"2\n", "line 1 has text after a closing quote"),
    ("\"a\nb\",c\n1,2\n3,4,5\n", "line 1, field 1 is 'a\nb', expected a number"),
  ])
  func namesTheLine(text: String, message: String) {
    #expect(fileErrorMessage { _ = try read(text) } == "\(folder.path)/table.csv: \(message)")
  }

  @Test func countsLinesInsideQuotes() {
    #expect(
      fileErrorMessage { _ = try read("\"a\nb\",c\n1,2\n3\n", hasHeader: true) }.hasSuffix(
        "line 4 has 1 fields, expected 2 as in the first row"))
  }

  @Test func `columns are chosen, and others may hold anything`() throws {
    let path = try folder.write(Array("a,name,b\n1,x,2\n3,\"y, z\",4\n".utf8), to: "table.csv")
    let table = try CSVFile(path: path, hasHeader: true, columns: ["b", "a"])
    #expect(table.columnNames == ["b", "a"] && table.columnCount == 2 && table.rowCount == 2)
    #expect(table.values == [2, 1, 4, 3])
    #expect(
      fileErrorMessage { _ = try CSVFile(path: path, hasHeader: true, columns: ["b", "c"]) }
        == "\(path): has no column 'c': the columns are a, name, b")
    #expect(
      fileErrorMessage { _ = try CSVFile(path: path, hasHeader: true) }
        == "\(path): line 2, field 2 is 'x', expected a number")
    let empty = try folder.write([], to: "empty.csv")
    #expect(
      fileErrorMessage { _ = try CSVFile(path: empty, hasHeader: true, columns: ["b"]) }
        == "\(empty): has no column 'b': none has a name")
  }

  @Test func `names of classes become numbers in their order`() throws {
    let text = "size,kind\n1,virginica\n2,\"setosa\"\n3, virginica \n,versicolor\n5,setosa\n6,NA\n"
    let path = try folder.write(Array(text.utf8), to: "table.csv")
    let table = try CSVFile(path: path, hasHeader: true, classes: ["kind": []], missing: .dropRow)
    #expect(table.classNames == ["kind": ["setosa", "virginica"]])
    #expect(table.values == [1, 1, 2, 0, 3, 1, 5, 0])
    let data = try table.dataset(classes: "kind")
    #expect(data.batch([0, 1, 2, 3]).targets.array(of: Int.self) == [1, 0, 1, 0])
    #expect(data.batch([2]).inputs.array(of: Float.self) == [3])
    let kept = try CSVFile(path: path, hasHeader: true, columns: ["kind"], classes: ["kind": []], missing: .keep)
    #expect(kept.classNames["kind"] == ["setosa", "versicolor", "virginica"])
    #expect(kept.values.prefix(5) == [2, 0, 2, 1, 0] && kept.values[5].isNaN)
    #expect(
      fileErrorMessage { _ = try CSVFile(path: path, hasHeader: true, columns: ["kind"], classes: ["kind": []]) }
        == "\(path): line 7, field 2 is missing ('NA')")
  }

  @Test func `classes that are given keep their numbers, and others are refused`() throws {
    let path = try folder.write(Array("kind\nb\na\n".utf8), to: "table.csv")
    let known = try CSVFile(path: path, hasHeader: true, classes: ["kind": ["c", "b", "a"]])
    #expect(known.values == [1, 2] && known.classNames == ["kind": ["c", "b", "a"]])
    #expect(
      fileErrorMessage { _ = try CSVFile(path: path, hasHeader: true, classes: ["kind": ["a", "c"]]) }
        == "\(path): line 2, field 1 is 'b', expected one of the classes a, c")
    #expect(
      fileErrorMessage { _ = try CSVFile(path: path, hasHeader: true, classes: ["sort": []]) }
        == "\(path): has no column 'sort': the columns are kind")
  }

  /// Their places in the text tell one and the same number, in all forms that are read without a text of their own, and
  /// some others.
  @Test func `numbers are the nearest ones`() throws {
    let generator = RandomGenerator(seed: 4)
    var texts = [
      "0", "-0", "+5", ".5", "5.", "-.25e1", "1E3", "1e+3", "9007199254740993", "9007199254740993.0",
      "9007199254740992.5", "18446744073709551615", "9999999999999999999", "0.0000000000000000000000000001",
      "123456789012345678e22", "1e22", "1e23", "1e-27", "1e-28", "1e308", "4.9e-324", "2.5e-320",
      "0.10000000000000000555", "00000000000000000000000001.5", "1.00000000000000011102230246251565",
      "8.5", "1e0001", "3e-0",
    ]
    for _ in 0..<20000 {
      let digits = String(generator.random64() >> (generator.random64() % 64))
      let point = digits.index(digits.startIndex, offsetBy: Int(generator.random64() % UInt64(digits.count + 1)))
      let exponent = generator.random64() % 4 == 0 ? "e\(Int(generator.random64() % 60) - 40)" : ""
      texts.append("\(digits[..<point]).\(digits[point...])\(exponent)")
    }
    let found = try read(texts.joined(separator: "\n")).values
    try #require(found.count == texts.count)
    for (text, found) in zip(texts, found) { #expect(found.bitPattern == Double(text)?.bitPattern, "\(text)") }
  }

  @Test(arguments: ["", "-", ".", "e5", "1e", "1e+", "1..2", "1-2", "--1", "1e5.0", "inf", "1 2", "0x1p3", "٣", "1_0"])
  func `what is no number is refused`(text: String) {
    let message = fileErrorMessage { _ = try read("\(text),1\n") }
    let words = text.isEmpty ? "is missing ('')" : "is '\(text)', expected a number"
    #expect(message == "\(folder.path)/table.csv: line 1, field 1 \(words)")
  }

  @Test func `a listed class may have the name of what is missing`() throws {
    let folder = try TemporaryFolder()
    let path = "\(folder.path)/table.csv"
    try "x,region\n1,NA\n2,EU\n3,NA\n".write(toFile: path, atomically: true, encoding: .utf8)
    let listed = try CSVFile(path: path, hasHeader: true, classes: ["region": ["NA", "EU"]])
    #expect(try listed.tensor(["region"]).array(of: Float.self) == [0, 1, 0])
    let found = fileErrorMessage { _ = try CSVFile(path: path, hasHeader: true, classes: ["region": []]) }
    #expect(found == "\(path): line 2, field 2 is missing ('NA')")
  }

  @Test func columnsWithoutNamesTrap() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = try CSVFile(path: "x", hasHeader: false, columns: ["a"])
      }, says: "columns of a file without a header, which have no names")
  }
}
