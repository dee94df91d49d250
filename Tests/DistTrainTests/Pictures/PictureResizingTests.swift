import DistTrain
import Testing

struct PictureResizingTests {
  @Test func `resized pictures have the bits of Pillow`() throws {
    let fixtures = try PictureFixtures()
    let count = fixtures.resized.count / 2
    for (index, expected) in fixtures.resized.enumerated() {
      let picture = (index < count ? fixtures.colors : fixtures.gray).picture
      #expect(
        picture.resized(width: expected.width, height: expected.height) == expected.picture,
        "\(expected.width)×\(expected.height)")
    }
  }

  @Test func `the shorter side has the length that is asked for`() {
    func size(_ width: Int, _ height: Int, _ side: Int) -> [Int] {
      let picture = Picture(width: width, height: height, pixels: Array(repeating: 9, count: width * height))
        .resized(shorterSide: side)
      #expect(picture.pixels.allSatisfy { $0 == 9 })
      return [picture.width, picture.height]
    }
    #expect(size(50, 37, 10) == [13, 10])
    #expect(size(37, 50, 10) == [10, 13])
    #expect(size(5, 5, 9) == [9, 9])
    #expect(size(1, 100, 2) == [2, 200])
  }

  /// 10·row + column in red, and 100 more in green, 200 more in blue.
  let numbered = Picture(
    width: 4, height: 3, channels: 3,
    pixels: [0, 100, 200].flatMap { channel in
      [0, 10, 20].flatMap { row in (0..<4).map { UInt8(channel + row + $0) } }
    })

  @Test func `parts are cut out of all channels`() {
    #expect(
      numbered.cropped(x: 1, y: 1, width: 2, height: 2)
        == Picture(width: 2, height: 2, channels: 3, pixels: [11, 12, 21, 22, 111, 112, 121, 122, 211, 212, 221, 222]))
    #expect(numbered.cropped(x: 0, y: 0, width: 4, height: 3) == numbered)
  }

  @Test func `the middle is that of torchvision, with black around it`() {
    let red = Picture(width: 4, height: 3, pixels: Array(numbered.pixels.prefix(12)))
    #expect(red.centerCropped(width: 2, height: 1) == Picture(width: 2, height: 1, pixels: [11, 12]))
    // Halves go to the even number, as Python rounds: 0.5 to 0, and 1.5 to 2.
    #expect(red.centerCropped(width: 3, height: 2) == Picture(width: 3, height: 2, pixels: [0, 1, 2, 10, 11, 12]))
    #expect(red.centerCropped(width: 1, height: 3) == Picture(width: 1, height: 3, pixels: [2, 12, 22]))
    #expect(
      red.centerCropped(width: 2, height: 6)
        == Picture(width: 2, height: 6, pixels: [0, 0, 1, 2, 11, 12, 21, 22, 0, 0, 0, 0]))
    #expect(numbered.centerCropped(width: 6, height: 3).cropped(x: 1, y: 0, width: 4, height: 3) == numbered)
  }

  @Test func `left and right change places`() {
    #expect(
      Picture(width: 3, height: 1, channels: 3, pixels: [1, 2, 3, 4, 5, 6, 7, 8, 9]).mirrored()
        == Picture(width: 3, height: 1, channels: 3, pixels: [3, 2, 1, 6, 5, 4, 9, 8, 7]))
    #expect(numbered.mirrored().mirrored() == numbered)
  }
}
