import DistTrain
import Testing
import TestSupport

struct PictureTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func read(_ bytes: [UInt8]) throws -> Picture { try Picture(path: folder.write(bytes, to: "picture")) }

  func message(_ bytes: [UInt8]) -> String {
    let message = fileErrorMessage { _ = try read(bytes) }
    return message.hasPrefix("\(folder.path)/picture: ") ? String(message.dropFirst(folder.path.count + 10)) : message
  }

  @Test(arguments: ["gray", "gray-alpha", "rgb", "rgba", "palette"])
  func readsEveryKindOfPNGAndEveryFilter(name: String) throws {
    let image = try Picture(path: fixture("files/\(name).png")).converted(toChannels: 1)
    #expect(image == Picture(width: 7, height: 10, pixels: (0..<70).map { UInt8($0 * 3) }))
  }

  @Test func readsEveryDepthOfPNGInterlacedOrNot() throws {
    let expected = try PictureFixtures().decoded.filter { $0.key.hasSuffix("-bits") }
    #expect(expected.count == 25)
    for (name, entry) in expected {
      #expect(try Picture(path: fixture("files/\(name).png")) == entry.picture, "\(name)")
    }
  }

  /// Parts without columns or rows are not there; every size has others.
  @Test func readsInterlacedPNGOfAnySize() throws {
    for size in 1...9 {
      let shape = bigEndian(size) + bigEndian(1)
      let pixel = Picture(width: size, height: 1, pixels: Array(repeating: 0, count: size))
      let parts = [(0, 8), (4, 8), (2, 4), (1, 2)].map { max(0, size - $0.0 + $0.1 - 1) / $0.1 }
      let rows = parts.flatMap { $0 == 0 ? [] : [UInt8](repeating: 0, count: $0 + 1) }
      #expect(try read(png(header: shape + [8, 0, 0, 0, 1], data: stored(rows))) == pixel)
      #expect(throws: FileError.self) { try read(png(header: shape + [8, 0, 0, 0, 1], data: stored(rows + [0]))) }
    }
  }

  /// zlib data that is not compressed.
  private func stored(_ bytes: [UInt8]) -> [UInt8] {
    let count = UInt8(bytes.count)
    let sums = bytes.reduce((low: 1, high: 0)) { sums, byte in
      let low = (sums.low + Int(byte)) % 65521
      return (low, (sums.high + low) % 65521)
    }
    return [0x78, 0x01, 1, count, 0, ~count, 0xFF] + bytes + bigEndian(sums.high << 16 | sums.low)
  }

  @Test func `a picture without pixels, or of a negative size, traps`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 0, height: 3, pixels: [])
      }, says: "0 pixels for 1 channel(s) of 0×3")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: -2, height: -2, pixels: [1, 2, 3, 4])
      }, says: "4 pixels for 1 channel(s) of -2×-2")
  }

  @Test func colorsBecomeTheirLuma() throws {
    #expect(try Picture(path: fixture("files/colors.png")).converted(toChannels: 1).pixels == [76, 150, 29, 255])
  }

  @Test func readsBinaryAndPlainPGM() throws {
    let image = Picture(width: 3, height: 2, pixels: [0, 51, 102, 153, 204, 255])
    #expect(try read(Array("P5 # a comment\n3 2\n255\n".utf8) + image.pixels) == image)
    #expect(try read(Array("P5\n3\t2 5\n".utf8) + [0, 1, 2, 3, 4, 5]) == image)
    #expect(try read(Array("P2\n3 2 # wide, high\n5\n0 1 2\n3 4 5\n".utf8)) == image)
  }

  @Test func readsBinaryAndPlainPPM() throws {
    let image = Picture(width: 2, height: 1, channels: 3, pixels: [255, 51, 0, 102, 153, 204])
    #expect(try read(Array("P6 2 1 255\n".utf8) + [255, 0, 153, 51, 102, 204]) == image)
    #expect(try read(Array("P3\n2 1 5\n5 0 3\n1 2 4\n".utf8)) == image)
    #expect(message(Array("P6 2 1 255\nabcde".utf8)) == "is truncated: 6 samples expected, 5 found")
    #expect(image.converted(toChannels: 1) == Picture(width: 2, height: 1, pixels: [94, 98]))
    let gray = Picture(width: 1, height: 2, pixels: [7, 9])
    #expect(gray.converted(toChannels: 3) == Picture(width: 1, height: 2, channels: 3, pixels: [7, 9, 7, 9, 7, 9]))
  }

  @Test func keepsTheColorsOfPNG() throws {
    let image = try Picture(path: fixture("files/colors.png"))
    #expect(image.channels == 3 && image.converted(toChannels: 3) == image)
    #expect(image.pixels == [255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255])
  }

  @Test func refusesCorruptPGM() {
    let cases: [(text: String, message: String)] = [
      ("P4 1 1\n", "is a netpbm file of type 50 34, expected P5 or P2 (grey map), P6 or P3 (pixel map)"),
      ("P5 x", "expected a number (width) at byte 3, found byte 78"),
      ("P5 3", "expected a number (height) at byte 4, found the end of the file"),
      ("P5 3 0 255\n", "claims to be 3×0 pixels, expected 1 to 67108864 pixels in all"),
      (
        "P5 9999999999 9999999999 255\n",
        "claims to be 9999999999×9999999999 pixels, expected 1 to 67108864 pixels in all"
      ),
      ("P5 3 2 65535\n", "has the largest value 65535, expected 1 to 255"),
      ("P5 3 2 255\nabc", "is truncated: 6 samples expected, 3 found"),
      ("P5 1 1 9\na", "sample 0 is 97, expected at most 9"),
      ("P2 1 1 9\n10", "sample 0 is 10, expected at most 9"),
      ("P2 2 1 9\n1", "expected a number (sample 1 of 2) at byte 10, found the end of the file"),
      ("GIF89a", "is neither a PNG, JPEG, PGM nor PPM picture: it starts with 47 49 46 38"),
      ("PK\u{3}\u{4}", "is neither a PNG, JPEG, PGM nor PPM picture: it starts with 50 4b 03 04"),
    ]
    for (text, expected) in cases { #expect(message(Array(text.utf8)) == expected) }
  }

  @Test(arguments: [("a.png", true), ("a.b.JPG", true), ("a", false), ("png", false), ("a.png.gz", false)])
  func whatIsCalledAPictureIsTakenForOne(name: String, isPicture: Bool) throws {
    #expect(try Picture.isPicture(path: folder.write(Array("hello".utf8), to: name)) == isPicture)
  }

  @Test(arguments: [("P5 1 1 255 a", true), ("P4", true), ("PK\u{3}\u{4}", false), ("P", false), ("", false)])
  func whatBeginsAsAPictureIsTakenForOne(text: String, isPicture: Bool) throws {
    #expect(try Picture.isPicture(path: folder.write(Array(text.utf8), to: "file")) == isPicture)
  }

  /// A PNG whose IHDR holds `header` and whose data is `data`, with right checksums.
  func png(header: [UInt8], data: [UInt8] = []) -> [UInt8] {
    func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
      let body = Array(type.utf8) + data
      return bigEndian(data.count) + body + bigEndian(Int(crc32(of: body)))
    }
    return PNGFile.signature + chunk("IHDR", header) + chunk("IDAT", data) + chunk("IEND", [])
  }

  @Test func refusesCorruptPNG() throws {
    func header(_ width: Int, _ height: Int, _ rest: [UInt8]) -> [UInt8] { bigEndian(width) + bigEndian(height) + rest }
    var flipped = try contents(fixture("files/gray.png"))
    flipped[20] ^= 1
    let cases: [(bytes: [UInt8], message: String)] = [
      (flipped, "is corrupt: the checksum of chunk IHDR is wrong"),
      (PNGFile.signature, "is truncated: it ends without an IEND chunk"),
      (Array(png(header: [1]).prefix(20)), "is truncated: chunk IHDR of 1 bytes expected, 0 found"),
      (png(header: [1]), "has an IHDR chunk of 1 bytes, expected 13"),
      (
        png(header: header(0x7FFF_FFFF, 0x7FFF_FFFF, [8, 0, 0, 0, 0])),
        "claims to be 2147483647×2147483647 pixels, expected 1 to 67108864 pixels in all"
      ),
      (
        png(header: header(1, 1, [3, 0, 0, 0, 0])),
        "has 3 bits a channel, expected one of 1, 2, 4, 8, 16 for color type 0"
      ),
      (
        png(header: header(1, 1, [16, 3, 0, 0, 0])),
        "has 16 bits a channel, expected one of 1, 2, 4, 8 for color type 3"
      ),
      (png(header: header(1, 1, [4, 6, 0, 0, 0])), "has 4 bits a channel, expected one of 8, 16 for color type 6"),
      (png(header: header(1, 1, [8, 5, 0, 0, 0])), "has color type 5, expected 0, 2, 3, 4 or 6"),
      (png(header: header(1, 1, [8, 0, 1, 0, 0])), "uses an unknown compression or filter method"),
      (
        png(header: header(1, 1, [8, 0, 0, 0, 1])),
        "the zlib data ends early, after 0 decompressed bytes: it is truncated"
      ),
      (png(header: header(1, 1, [8, 0, 0, 0, 2])), "has interlace method 2, expected 0 or 1"),
      (
        png(header: header(1, 1, [8, 0, 0, 0, 0])),
        "the zlib data ends early, after 0 decompressed bytes: it is truncated"
      ),
    ]
    for (bytes, expected) in cases { #expect(message(bytes) == expected) }
  }

  @Test(arguments: ["gray", "palette", "interlaced-palette-2-bits"])
  func everyTruncationAndEveryFlippedByteIsAnError(name: String) throws {
    let bytes = try contents(fixture("files/\(name).png"))
    for index in bytes.indices {
      #expect(throws: FileError.self) { try read(Array(bytes.prefix(index))) }
      var flipped = bytes
      flipped[index] ^= 0x55
      #expect(throws: FileError.self) { try read(flipped) }
    }
  }
}
