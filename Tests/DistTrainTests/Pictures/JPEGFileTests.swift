import DistTrain
import Testing
import TestSupport

@Suite struct JPEGFileTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  func message(_ bytes: [UInt8]) throws -> String {
    let path = try folder.write(bytes, to: "picture")
    return String(fileErrorMessage { _ = try Picture(path: path) }.dropFirst(path.count))
  }

  @Test(
    .needsTurboJPEG,
    arguments: ["gray", "subsampled", "half", "full", "progressive", "restarts", "inks"])
  func `every kind has the bits of Pillow`(name: String) throws {
    let expected = try #require(try PictureFixtures().decoded[name])
    #expect(try Picture(path: fixture("files/\(name).jpg")) == expected.picture)
  }

  @Test(.needsTurboJPEG) func `a file that ends early is corrupt, wherever it ends`() throws {
    let bytes = try contents(fixture("files/progressive.jpg"))
    for count in 3..<bytes.count - 2 {
      let message = try message(Array(bytes.prefix(count)))
      #expect(message.hasPrefix(": is a corrupt JPEG picture: "), "\(count) bytes: \(message)")
    }
  }

  @Test(.needsTurboJPEG) func `a byte that is another gives an error or a picture of its own size`() throws {
    for name in ["gray", "progressive"] {
      let bytes = try contents(fixture("files/\(name).jpg"))
      for index in stride(from: 0, to: bytes.count, by: 3) {
        var changed = bytes
        changed[index] ^= 0x55
        let path = try folder.write(changed, to: "changed")
        do {
          let picture = try Picture(path: path)
          #expect(picture.pixels.count == picture.channels * picture.width * picture.height)
        } catch let error as FileError { #expect(error.path == path) }
      }
    }
  }

  @Test(.needsTurboJPEG) func `bytes that belong to nothing are passed over`() throws {
    var bytes = try contents(fixture("files/gray.jpg"))
    bytes.insert(contentsOf: [1, 2, 3], at: bytes.count - 2)
    let expected = try #require(try PictureFixtures().decoded["gray"])
    #expect(try Picture(path: folder.write(bytes, to: "picture")) == expected.picture)
  }

  @Test(.needsTurboJPEG) func `bytes that belong to nothing do not hide an early end`() throws {
    var bytes = try contents(fixture("files/progressive.jpg"))
    let scans = bytes.indices.filter { bytes[$0...].starts(with: [0xFF, 0xDA]) }
    bytes.insert(contentsOf: [1, 2, 3], at: scans[1])
    #expect(try Picture(path: folder.write(bytes, to: "picture")).width == 53)
    for count in scans[2]..<bytes.count - 2 {
      #expect(try message(Array(bytes.prefix(count))).hasPrefix(": is a corrupt JPEG picture: "), "\(count) bytes")
    }
  }

  @Test(.needsTurboJPEG) func `sizes are looked at before memory is set aside`() throws {
    var bytes = try contents(fixture("files/gray.jpg"))
    let frame = try #require(bytes.indices.first { bytes[$0...].starts(with: [0xFF, 0xC0]) })
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0xDC, 0xFF, 0xDC])
    #expect(try message(bytes) == ": claims to be 65500×65500 pixels, expected 1 to 67108864 pixels in all")
  }

  @Test func `a library that cannot be used is named`() throws {
    let absent = Result { () throws(TurboJPEG.Missing) in try TurboJPEG(["/none/libturbojpeg.so.0"]) }
    let message = fileErrorMessage { _ = try JPEGFile.decode(JPEGFile.signature, path: "a.jpg", with: absent) }
    #expect(
      message.hasPrefix(
        "a.jpg: is a JPEG picture, which needs the library TurboJPEG (libturbojpeg0 in Debian): /none/libturbojpeg.so.0"
      ),
      "\(message)")
    let other = Result { () throws(TurboJPEG.Missing) in try TurboJPEG(["libm.so.6"]) }
    let text = fileErrorMessage { _ = try JPEGFile.decode(JPEGFile.signature, path: "a.jpg", with: other) }
    #expect(text.contains("tjInitDecompress"), "\(text)")
  }
}
