import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

struct ClassFoldersTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func write(_ text: String, _ pixels: [UInt8], to name: String) throws {
    try FileManager.default.createDirectory(
      atPath: "\(folder.path)/\(folderAndName(name).folder)", withIntermediateDirectories: true)
    try folder.write(Array(text.utf8) + pixels, to: name)
  }

  /// Two classes of three pictures of 2×1 pixels, one in colors.
  private func writePictures() throws {
    try write("P5 2 1 255\n", [1, 2], to: "dog/b.pgm")
    try write("P6 2 1 255\n", [255, 0, 0, 9, 9, 9], to: "dog/a.PPM")
    try write("P5 2 1 255\n", [3, 4], to: "cat/10.pgm")
    try write("", [1], to: "cat/notes.txt")
    try write("", [1], to: "cat/.hidden.png")
    try write("", [1], to: "README.md")
  }

  @Test func `the folders are the classes`() throws {
    try writePictures()
    let folders = try ClassFolders(path: folder.path)
    #expect(folders.classNames == ["cat", "dog"])
    let gray = try folders.load()
    #expect(gray.labels == [0, 1, 1] && gray.classCount == 2 && gray.channels == 1)
    #expect(gray.width == 2 && gray.height == 1)
    #expect((0..<6).map { gray.pixels[$0] } == [3, 4, 76, 9, 1, 2])
    let colors = try folders.load(channels: 3)
    #expect((0..<18).map { colors.pixels[$0] } == [3, 4, 3, 4, 3, 4, 255, 9, 0, 9, 0, 9, 1, 2, 1, 2, 1, 2])
    let batch = colors.batch([1])
    #expect(batch.inputs.shape == [1, 3, 1, 2] && batch.targets.array(of: Int.self) == [1])
  }

  @Test func `png pictures are read, too`() throws {
    try FileManager.default.createDirectory(atPath: "\(folder.path)/x", withIntermediateDirectories: false)
    for name in ["gray", "palette", "rgba"] {
      try folder.write(contents(fixture("files/\(name).png")), to: "x/\(name).png")
    }
    let images = try ClassFolders(path: folder.path).load(channels: 1)
    #expect(images.count == 3 && images.width == 7 && images.height == 10)
    for index in 0..<210 { #expect(images.pixels[index] == UInt8(index % 70 * 3)) }
  }

  @Test(.needsTurboJPEG) func `jpeg pictures are read, too`() throws {
    try FileManager.default.createDirectory(atPath: "\(folder.path)/x", withIntermediateDirectories: false)
    for name in ["half.jpg", "full.JPEG"] {
      try folder.write(contents(fixture("files/\(name.lowercased().prefix(4)).jpg")), to: "x/\(name)")
    }
    let images = try ClassFolders(path: folder.path).load()
    let fixtures = try PictureFixtures()
    #expect(images.count == 2 && images.channels == 3)
    let expected = try ["full", "half"].flatMap { try #require(fixtures.decoded[$0]).picture.pixels }
    #expect((0..<images.pixels.count).map { images.pixels[$0] } == expected)
  }

  @Test func `labels of a byte are for 256 classes`() throws {
    for label in 0..<257 { try write("P5 1 1 255\n", [UInt8(label & 255)], to: "\(label)/a.pgm") }
    let folders = try ClassFolders(path: folder.path)
    #expect(
      fileErrorMessage { _ = try folders.load() }
        == "\(folder.path): has 257 classes, expected at most 256 where pictures are kept in memory")
    #expect(try folders.pictures(size: 1).labels == Array(0..<257))
  }

  @Test func `what cannot be read is told`() throws {
    func message(_ body: () throws -> Void) -> String {
      let message = fileErrorMessage(body)
      return message.hasPrefix(folder.path) ? String(message.dropFirst(folder.path.count)) : message
    }
    #expect(
      message { _ = try ClassFolders(path: folder.path) }
        == ": has no folders, expected one for each class")
    #expect(
      message { _ = try ClassFolders(path: folder.path + "/none") }.hasPrefix("/none: cannot be read as a folder: "))
    try writePictures()
    let folders = try ClassFolders(path: folder.path)
    try write("P5 1 2 255\n", [1, 2], to: "dog/c.pgm")
    #expect(
      message { _ = try folders.load() }
        == "/dog/c.pgm: is 1×2 pixels, expected 2×1 as \(folder.path)/cat/10.pgm")
    try write("P5 2 1 255\n", [1], to: "dog/c.pgm")
    #expect(message { _ = try folders.load() } == "/dog/c.pgm: is truncated: 2 samples expected, 1 found")
    try write("", [1, 2], to: "dog/d.WebP")
    #expect(
      message { _ = try folders.load() }
        == "/dog/d.WebP: is a picture of the format webp, expected png, jpg, pgm or ppm")
    try FileManager.default.removeItem(atPath: "\(folder.path)/dog/d.WebP")
    try write("P5 2 1 255\n", [1, 2], to: "dog/more/c.pgm")
    #expect(message { _ = try folders.load() } == "/dog/more: is a folder in that of a class, expected pictures")
    try write("", [], to: "bird/none.txt")
    #expect(
      message { _ = try ClassFolders(path: folder.path).load() }
        == "/bird: holds no picture of its class, expected png, jpg, pgm or ppm")
  }

  /// They were left out, and with them a part of the data.
  @Test func `names that are not UTF-8 are told`() throws {
    try writePictures()
    #expect(mkdir(Array(folder.path.utf8CString.dropLast()) + [0x2F, -1, 0x61, 0], 0o700) == 0)
    #expect(
      fileErrorMessage { _ = try ClassFolders(path: folder.path) }.contains(": holds a name that is not UTF-8, ff 61: ")
    )
    #expect(
      fileErrorMessage { _ = try ClassFolders(path: "\(folder.path)/none") }.hasSuffix("No such file or directory"))
  }
}
