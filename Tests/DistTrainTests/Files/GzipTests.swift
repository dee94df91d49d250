import DistTrain
import Testing
import TestSupport

struct GzipTests {
  func inflate(_ bytes: [UInt8], limit: Int = 1 << 20) throws -> [UInt8] {
    try Inflater(MemorySource(bytes, path: "data.gz"), format: .gzip).readAll(limit: limit)
  }

  @Test func readsWhatPythonCompressed() throws {
    let plain = try contents(fixture("files/tiny-idx3-ubyte"))
    #expect(try inflate(contents(fixture("files/tiny-idx3-ubyte.gz"))) == plain)
  }

  @Test func readsMembersOneAfterTheOther() throws {
    #expect(try inflate(storedGzip([1, 2, 3]) + storedGzip([]) + storedGzip([4])) == [1, 2, 3, 4])
  }

  @Test func stopsAtTheLimit() {
    let bytes = storedGzip([UInt8](repeating: 7, count: 1000))
    #expect(throws: Never.self) { try inflate(bytes, limit: 1000) }
    #expect(
      fileErrorMessage { _ = try inflate(bytes, limit: 999) } == "data.gz: holds more than the 999 bytes allowed here")
  }

  @Test func namesTheFileAndTheFault() {
    let good = storedGzip(Array(0..<100))
    var wrongChecksum = good
    wrongChecksum[20] ^= 1
    let cases: [(bytes: [UInt8], message: String)] = [
      (wrongChecksum, "the gzip data is corrupt after 100 bytes: incorrect data check"),
      (Array(good.dropLast(20)), "the gzip data ends early, after 88 decompressed bytes: it is truncated"),
      (good + [0, 1], "has bytes after the end of its gzip data"),
      (good + [0x1F, 0x8C], "the gzip data is corrupt after 100 bytes: incorrect header check"),
      (Array("not gzip at all".utf8), "the gzip data is corrupt after 0 bytes: incorrect header check"),
      ([], "the gzip data ends early, after 0 decompressed bytes: it is truncated"),
    ]
    for (bytes, message) in cases {
      #expect(fileErrorMessage { _ = try inflate(bytes) } == "data.gz: \(message)")
    }
  }

  @Test func everyTruncationIsAnError() throws {
    let bytes = try contents(fixture("files/tiny-idx3-ubyte.gz"))
    for count in bytes.indices {
      #expect(throws: FileError.self) { try inflate(Array(bytes.prefix(count))) }
    }
  }
}
