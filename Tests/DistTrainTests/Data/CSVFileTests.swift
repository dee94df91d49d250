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
}
