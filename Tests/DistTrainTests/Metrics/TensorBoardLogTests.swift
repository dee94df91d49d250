import DistTrain
import Foundation
import Testing
import TestSupport

struct TensorBoardLogTests {
  /// As TensorBoard 2.21 writes them.
  static let records: [(event: TensorBoardEvent, hexadecimal: String)] = [
    (
      TensorBoardEvent(step: 0, contents: .version("brain.Event:2")),
      "1800000000000000a37f4b220900001040fc54d9411a0d627261696e2e4576656e743a32338d2fe9"
    ),
    (
      TensorBoardEvent(step: 301, contents: .start),
      "100000000000000095fbfe180900001040fc54d94110ad023a020801cb79b93b"
    ),
    (
      TensorBoardEvent(
        step: 5_000_000_000, contents: .scalars([("train/loss", 0.1), ("test/accuracy", .infinity)])),
      "3a000000000000001295eae20900001040fc54d9411080e497d0122a290a110a0a747261696e2f6c6f737315cdcccc3d0a140a0d"
        + "746573742f6163637572616379150000807fe031028b"
    ),
  ]

  @Test(arguments: records.indices)
  func `records have the bytes of TensorBoard's own`(_ index: Int) {
    let (event, expected) = Self.records[index]
    #expect(
      hexadecimal(event.encoded(at: 1_700_000_000.25).recordBytes).replacing(" ", with: "") == expected)
  }

  /// Of RFC 3720, appendix B.4.
  @Test func `checksums are Castagnoli's`() {
    #expect([UInt8](repeating: 0, count: 32).crc32c == 0x8a91_36aa)
    #expect([UInt8](repeating: 0xff, count: 32).crc32c == 0x62a8_ab43)
    #expect([UInt8](0..<32).crc32c == 0x46dd_794e)
  }

  /// The contents of a file's records, without their checksums.
  private func contentsOfRecords(in path: String) throws -> [[UInt8]] {
    var rest = try contents(path)[...]
    var records: [[UInt8]] = []
    while !rest.isEmpty {
      let count = rest.prefix(8).reversed().bigEndianValue
      let record = Array(rest.dropFirst(12).prefix(count))
      #expect(record.recordBytes == Array(rest.prefix(count + 16)))
      records.append(record)
      rest = rest.dropFirst(count + 16)
    }
    return records
  }

  @Test func `a run that goes on has another file, which begins with what is to be forgotten`() throws {
    let folder = try TemporaryFolder()
    for (number, after) in [(1, 0), (2, 300)] {
      let before = Date().timeIntervalSince1970
      let log = try TensorBoardLog(folder: folder.path, after: after)
      #expect(log.path == "\(folder.path)/events.out.tfevents.00000\(number)")
      try log.write([("loss", 2.5)], step: after + 10)
      let found = try contentsOfRecords(in: log.path)
      let expected = [
        TensorBoardEvent(step: 0, contents: .version("brain.Event:2")),
        TensorBoardEvent(step: after + 1, contents: .start),
        TensorBoardEvent(step: after + 10, contents: .scalars([("loss", 2.5)])),
      ]
      #expect(found.count == 3)
      for (record, event) in zip(found, expected) {
        // The time is the first field, of eight bytes after one.
        let time = Double(bitPattern: UInt64(record[1..<9].reversed().bigEndianValue))
        #expect((before...Date().timeIntervalSince1970).contains(time))
        #expect(record == event.encoded(at: time))
      }
    }
  }

  @Test func `a folder is made where there is none`() throws {
    let folder = try TemporaryFolder()
    let log = try TensorBoardLog(folder: "\(folder.path)/runs/mine")
    #expect(FileManager.default.fileExists(atPath: log.path))
    #expect(
      fileErrorMessage { _ = try TensorBoardLog(folder: log.path) }
        == "\(log.path): cannot make the output folder: there is a file")
  }
}
