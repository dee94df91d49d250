import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

struct PictureColorsTests {
  @Test func `adjusted pictures have the bits of torchvision with Pillow`() throws {
    let fixtures = try PictureFixtures()
    #expect(fixtures.adjusted.count == 30)
    for (index, adjustment) in fixtures.adjusted.enumerated() {
      let picture = (index < fixtures.adjusted.count / 2 ? fixtures.some : fixtures.someInGray).picture
      let adjust =
        switch adjustment.quality {
        case "brightness": picture.brightnessAdjusted
        case "contrast": picture.contrastAdjusted
        case "saturation": picture.saturationAdjusted
        default: picture.hueAdjusted
        }
      #expect(
        adjust(adjustment.factor) == adjustment.picture.picture, "\(adjustment.quality) by \(adjustment.factor)")
    }
  }

  @Test func `grey is that of Pillow`() throws {
    let fixtures = try PictureFixtures()
    #expect(fixtures.some.picture.converted(toChannels: 1) == fixtures.someInGray.picture)
    #expect(
      fixtures.someInGray.picture.converted(toChannels: 3).pixels
        == Array(repeating: fixtures.someInGray.picture.pixels, count: 3).flatMap { $0 })
  }

  /// A run trains with them: on one color, of which the factors can be read.
  @Test func `colors are changed within the limits, anew for every picture and epoch`() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/a", withIntermediateDirectories: false)
    let color: [UInt8] = [80, 40, 100]
    try folder.write(Array("P6 1 1 255\n".utf8) + color, to: "a/1.ppm")
    let whole = 1.0...1.0
    func colors(_ jitter: ColorJitter) throws -> [[Int]] {
      let data = try ClassFolders(path: folder.path).pictures(
        size: 1, changes: PictureChanges(area: whole, aspectRatio: whole, flips: false, colors: jitter))
      return try (0..<200).map {
        try data.batch([0], epochSeed: $0).inputs.array(of: Float.self).map { Int(($0 * 255).rounded()) }
      }
    }
    let brightness = try colors(ColorJitter(brightness: 0.5))
    #expect(Set(brightness.map { $0[0] }).isSubset(of: 40...119) && Set(brightness).count > 40)
    #expect(brightness.contains { $0[0] < 45 } && brightness.contains { $0[0] > 115 })
    #expect(brightness.allSatisfy { abs($0[0] - 2 * $0[1]) <= 2 })
    // To the mean luma, which is the picture's own.
    let luma = 59
    let contrast = try colors(ColorJitter(contrast: 3))
    #expect(contrast.allSatisfy { $0[0] >= luma && $0[1] <= luma && $0[2] >= $0[0] })
    #expect(contrast.contains { $0[0] - luma <= 1 } && contrast.contains { $0[1] == 0 })
    let saturation = try colors(ColorJitter(saturation: 1))
    #expect(saturation.contains { $0[2] - $0[1] <= 2 } && saturation.contains { $0[2] - $0[1] > 110 })
    let hue = try colors(ColorJitter(hue: 0.5))
    #expect(hue.allSatisfy { $0.max() == 100 && abs(($0.min() ?? 0) - 40) <= 1 })
    #expect(Set(hue.map { $0.firstIndex(of: 100) }) == [0, 1, 2])
    let all = ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.1)
    #expect(try colors(all) == colors(all) && Set(colors(all)).count > 150)
    #expect(try Set(colors(ColorJitter())) == [color.map(Int.init)])
  }

  @Test func `what cannot be adjusted traps`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 1, height: 1, pixels: [1]).hueAdjusted(by: 0.6)
      }, says: "hues turned by 0.6, expected -0.5 to 0.5")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 1, height: 1, pixels: [1]).saturationAdjusted(by: -1)
      }, says: "colors adjusted by -1.0, expected a number from 0")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ColorJitter(contrast: .infinity)
      }, says: "colors changed by up to inf, expected a number from 0")
    // What is too large for single precision, in which Pillow computes.
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 1, height: 1, pixels: [0]).brightnessAdjusted(by: 1e39)
      }, says: "colors adjusted by 1e+39, expected a number from 0")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = ColorJitter(brightness: 1e39)
      }, says: "colors changed by up to 1e+39, expected a number from 0")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = ColorJitter(hue: 1) },
      says: "hues turned by up to 1.0, expected 0 to 0.5")
  }
}
