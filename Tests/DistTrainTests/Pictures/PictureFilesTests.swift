import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

struct PictureFilesTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["cat", "dog"] {
      try FileManager.default.createDirectory(atPath: "\(folder.path)/\(name)", withIntermediateDirectories: false)
    }
    try write(slope, to: "cat/1.pgm")
    try write(Picture(width: 7, height: 7, pixels: Array(repeating: 51, count: 49)), to: "cat/2.pgm")
    try write(Picture(width: 9, height: 30, pixels: Array(repeating: 255, count: 270)), to: "dog/1.pgm")
  }

  /// Its columns are 0, 10, 20, …
  let slope = Picture(width: 20, height: 10, pixels: (0..<200).map { UInt8($0 % 20 * 10) })

  func write(_ picture: Picture, to name: String) throws {
    try folder.write(Array("P5 \(picture.width) \(picture.height) 255\n".utf8) + picture.pixels, to: name)
  }

  func data(changes: PictureChanges? = nil, channels: Int = 1) throws -> PictureFiles {
    try ClassFolders(path: folder.path).pictures(size: 4, shorterSide: 5, channels: channels, changes: changes)
  }

  @Test func `pictures of all sizes become one size`() throws {
    let data = try data()
    #expect(data.count == 3 && data.labels == [0, 0, 1])
    let batch = try data.batch([2, 0, 1])
    #expect(batch.targets.array(of: Int.self) == [1, 0, 0])
    #expect(batch.inputs.shape == [3, 1, 4, 4] && batch.inputs.dtype == .float32)
    let middle = slope.resized(shorterSide: 5).centerCropped(width: 4, height: 4)
    var expected = [Float](repeating: 1, count: 16)
    expected += middle.pixels.map { Float($0) / 255 }
    expected += [Float](repeating: 0.2, count: 16)
    #expect(batch.inputs.array(of: Float.self) == expected)
    #expect(try self.data(channels: 3).batch([0]).inputs.shape == [1, 3, 4, 4])
    #expect(try data.batch([]).inputs.shape == [0, 1, 4, 4])
    #expect(try data.batch([1], epochSeed: 5).inputs.array(of: Float.self) == Array(repeating: 0.2, count: 16))
  }

  @Test func `no more of a picture is resized than is looked at`() throws {
    // Resized as a whole they would have 2³⁶ pixels, and more.
    let count = 1 << 22
    let values = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 167) }
    try write(Picture(width: count, height: 1, pixels: values), to: "cat/1.pgm")
    try write(Picture(width: 1, height: count, pixels: values), to: "cat/2.pgm")
    let data = try ClassFolders(path: folder.path).pictures(size: 120, shorterSide: 128, channels: 1)
    // What is seen of them lies between the two values in the middle.
    let middle = Picture(width: 3, height: 1, pixels: Array(values[count / 2 - 2...count / 2]))
    let row = middle.resized(width: 384, height: 1).pixels
    let images = try data.batch([0, 1]).inputs
    let inRow = images[0, 0, 7].array(of: Float.self).prefix(60)
    #expect(Array(inRow) == row[196..<256].map { Float($0) / 255 })
    #expect(images[0, 0].transposed().array(of: Float.self) == images[1, 0].array(of: Float.self))
  }

  @Test(arguments: [(30, 21), (21, 30), (40, 5), (5, 40), (9, 9), (12, 12), (12, 60)])
  func `the middle is that of the whole`(width: Int, height: Int) throws {
    let pixels = (0..<width * height).map { UInt8(truncatingIfNeeded: $0 * $0 * 31) }
    let picture = Picture(width: width, height: height, pixels: pixels)
    try write(picture, to: "cat/1.pgm")
    for (size, shorterSide) in [(9, 9), (9, 10), (9, 12), (4, 12), (1, 30)] {
      let data = try ClassFolders(path: folder.path).pictures(size: size, shorterSide: shorterSide, channels: 1)
      let expected = picture.resized(shorterSide: shorterSide).centerCropped(width: size, height: size)
      #expect(try data.batch([0]).inputs.array(of: Float.self) == expected.pixels.map { Float($0) / 255 })
    }
  }

  @Test func `values are normalized channel by channel`() throws {
    let normalization = PictureNormalization(mean: [0, 0.1, 0.2], standardDeviation: [1, 0.5, 0.25])
    let data = try ClassFolders(path: folder.path).pictures(size: 4, normalization: normalization)
    let values = try data.batch([1]).inputs.array(of: Float.self)
    let fifth: Float = 51 / 255
    let expected: [Float] = [fifth, (fifth - 0.1) / 0.5, (fifth - 0.2) / 0.25]
    #expect(values == expected.flatMap { Array(repeating: $0, count: 16) })
  }

  @Test func `changes follow from the epoch and the picture alone`() throws {
    let data = try data(changes: PictureChanges())
    let batch = try data.batch([0, 2, 0], epochSeed: 7).inputs
    #expect(batch.shape == [3, 1, 4, 4])
    #expect(batch[0].array(of: Float.self) == batch[2].array(of: Float.self))
    #expect(try data.batch([2, 0], epochSeed: 7).inputs[1].array(of: Float.self) == batch[0].array(of: Float.self))
    #expect(try data.batch([0], epochSeed: 8).inputs[0].array(of: Float.self) != batch[0].array(of: Float.self))
    // An evaluation sees the pictures as they are.
    #expect(try data.batch([0]).inputs.array(of: Float.self) == self.data().batch([0]).inputs.array(of: Float.self))
  }

  @Test func `parts have the area and the proportions that were asked for`() throws {
    // Columns of the slope tell where a part lies: what it covers at least, and whether it is mirrored.
    let data = try data(changes: PictureChanges(area: 0.25...0.25, aspectRatio: 2...2))
    var mirrored = 0
    var starts: Set<Int> = []
    for epoch in 0..<200 {
      let row = try data.batch([0], epochSeed: UInt64(epoch)).inputs[0, 0, 0].array(of: Float.self).map {
        $0 * 255 / 10
      }
      let isMirrored = row[0] > row[3]
      if isMirrored { mirrored += 1 }
      let columns = isMirrored ? row.reversed() : row
      // 10 × 5 pixels of 20 × 10: each of the four new columns lies 2.5 from the next, but at the edges.
      #expect(abs(columns[2] - columns[1] - 2.5) < 0.11)
      starts.insert(Int((columns[1] - 3.25).rounded()))
    }
    #expect((70...130).contains(mirrored))
    #expect(starts == Set(0...10))
    // None of this is ever mirrored, and all of it is taken.
    let whole = try self.data(changes: PictureChanges(area: 1...1, aspectRatio: 2...2, flips: false))
    #expect(
      try whole.batch([0], epochSeed: 1).inputs.array(of: Float.self)
        == slope.resized(width: 4, height: 4).pixels.map { Float($0) / 255 })
  }

  @Test func `where no part fits, it is the middle`() throws {
    // All of the picture's pixels in a square are more rows than it has.
    let data = try data(changes: PictureChanges(area: 1...1, aspectRatio: 1...1, flips: false))
    #expect(
      try data.batch([0], epochSeed: 3).inputs.array(of: Float.self)
        == slope.centerCropped(width: 10, height: 10).resized(width: 4, height: 4).pixels.map { Float($0) / 255 })
  }

  @Test(arguments: [(1e300, 20, 1), (1e-300, 1, 10)])
  func `where parts are too long for any picture, it is the middle`(ratio: Double, width: Int, height: Int) throws {
    let data = try data(changes: PictureChanges(aspectRatio: ratio...ratio, flips: false))
    #expect(
      try data.batch([0], epochSeed: 3).inputs.array(of: Float.self)
        == slope.centerCropped(width: width, height: height).resized(width: 4, height: 4).pixels.map { Float($0) / 255 }
    )
  }

  @Test func `threads give the same batch as one`() throws {
    let batches = try [1, 3, 20].map { threadCount in
      let data = try ClassFolders(path: folder.path).pictures(
        size: 4, changes: PictureChanges(), threadCount: threadCount)
      return try data.batch([0, 1, 2, 2, 1, 0, 0], epochSeed: 2).inputs.array(of: Float.self)
    }
    #expect(batches[0] == batches[1] && batches[0] == batches[2])
  }

  @Test func `a picture that cannot be read fails its batch, and the first one tells`() throws {
    let data = try data()
    try folder.write([1, 2, 3, 4, 5], to: "cat/2.pgm")
    try FileManager.default.removeItem(atPath: "\(folder.path)/dog/1.pgm")
    #expect(
      fileErrorMessage { _ = try data.batch([0, 1, 2]) }
        == "\(folder.path)/cat/2.pgm: is neither a PNG, JPEG, PGM nor PPM picture: it starts with 01 02 03 04")
    #expect(
      fileErrorMessage { _ = try data.batch([2, 1]) }
        == "\(folder.path)/dog/1.pgm: cannot open: No such file or directory")
    #expect(try data.batch([0]).count == 1)
  }
}
