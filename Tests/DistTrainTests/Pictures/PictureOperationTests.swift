import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

struct PictureOperationTests {
  private let fixtures: Fixtures

  init() throws {
    fixtures = try JSONDecoder().decode(Fixtures.self, from: Data(contents(fixture("picture_operations.json"))))
    try #require(fixtures.pictures.count == 16)
  }

  /// What torchvision makes of pictures, from `picture_operations.json`.
  private struct Fixtures: Decodable {
    struct Operation: Decodable {
      let name: String
      let magnitudes: [Double]
      let signed: Bool
      /// Magnitudes of both signs.
      let applied: [Double]
      /// Of each picture, after each of these.
      let hashes: [[UInt64]]
      /// Of pictures of 40 × 31.
      let ofRandAugment: [Double]
    }

    let pictures: [PictureFixtures.Entry]
    let operations: [Operation]
    let angles: [Double]
    let rotations: [[UInt64]]
    let longs: [UInt64]
    let sharpness: [[UInt64]]
    let solarized: [[UInt64]]
    let posterized: [[UInt64]]
  }

  /// Checks what each picture becomes by each of some changes.
  private func expect<Amount>(
    _ hashes: [[UInt64]], by amounts: [Amount], _ name: String, of change: (Picture, Amount) -> Picture
  ) {
    #expect(hashes.count == fixtures.pictures.count)
    for (entry, hashes) in zip(fixtures.pictures, hashes) {
      #expect(hashes.count == amounts.count)
      for (amount, hash) in zip(amounts, hashes) {
        #expect(
          change(entry.picture, amount).hash == hash,
          "\(name) \(amount) of \(entry.width)×\(entry.height)×\(entry.channels)")
      }
    }
  }

  @Test func `operations have the bits of torchvision with Pillow`() {
    #expect(fixtures.operations.map(\.name) == PictureOperation.allCases.map(\.rawValue))
    for (operation, expected) in zip(PictureOperation.allCases, fixtures.operations) {
      #expect(operation.isSigned == expected.signed)
      #expect(expected.magnitudes.count == (expected.applied.count > 1 ? 31 : 1))
      expect(expected.hashes, by: expected.applied, expected.name) { operation.applied(to: $0, magnitude: $1) }
    }
  }

  @Test func `strengths are those of torchvision`() {
    for (operation, expected) in zip(PictureOperation.allCases, fixtures.operations) {
      func strengths(_ kind: AutomaticAugmentation) -> [Double] {
        (0..<31).map { kind.magnitude(of: operation, step: $0, width: 31, height: 40) }
      }
      let isOne = expected.magnitudes.count == 1
      #expect(strengths(.trivialAugmentWide) == (isOne ? Array(repeating: 0, count: 31) : expected.magnitudes))
      #expect(strengths(.randAugment()) == (isOne ? Array(repeating: 0, count: 31) : expected.ofRandAugment))
    }
  }

  @Test func `turns by any angle have the bits of Pillow`() {
    expect(fixtures.rotations, by: fixtures.angles, "rotated by") { $0.rotated(byDegrees: $1) }
  }

  @Test func `pictures of many columns or rows have the bits of Pillow`() {
    let values = (0..<70000).map { UInt8($0 * 167 % 251) }
    let row = Picture(width: 70000, height: 1, pixels: values)
    let column = Picture(width: 1, height: 70000, pixels: values)
    let angles = [0.0001, 3, 90]
    let slopes = [0.99, -0.3, 1]
    let moved =
      angles.map { row.rotated(byDegrees: $0) } + angles.map { column.rotated(byDegrees: $0) }
      + slopes.map { column.shearedHorizontally(by: $0) } + slopes.map { row.shearedVertically(by: $0) }
    let rows = Picture(width: 70000, height: 3, pixels: values + values + values)
    let turned = [90, 270].map { rows.rotated(byDegrees: $0) }
    #expect((moved + turned).map(\.hash) == fixtures.longs)
  }

  @Test func `tones of any amount have the bits of Pillow`() {
    expect(fixtures.sharpness, by: [0, 0.5, 1, 1.7, 12], "sharpness") { $0.sharpnessAdjusted(by: $1) }
    expect(fixtures.solarized, by: [0, 100.5, 128, 256], "solarized from") { $0.solarized(from: $1) }
    expect(fixtures.posterized, by: Array(0...8), "posterized to") { $0.posterized(toBits: $1) }
  }

  @Test func `what is moved out of sight by any distance is black`() {
    let picture = Picture(width: 1, height: 3000, pixels: Array(repeating: 7, count: 3000))
    let black = [UInt8](repeating: 0, count: 3000)
    for distance in [Int.min, -3000, 3000, .max] {
      #expect(picture.translated(x: distance).pixels == black && picture.translated(y: distance).pixels == black)
    }
    #expect(picture.shearedHorizontally(by: 1e300).pixels == black)
    #expect(picture.shearedHorizontally(by: -1e300).pixels == black)
  }

  @Test func `what cannot be done with a picture traps`() async {
    DistTrainTests.expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 1, height: 1, pixels: [1]).posterized(toBits: 9)
      }, says: "a picture of 9 bits a value, expected 0 to 8")
    DistTrainTests.expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 1, height: 1, pixels: [1]).sharpnessAdjusted(by: -1)
      }, says: "colors adjusted by -1.0, expected a number from 0")
    DistTrainTests.expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 1, height: 1, pixels: [1]).rotated(byDegrees: .infinity)
      }, says: "a picture rotated by inf degrees")
    DistTrainTests.expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 1, height: 1, pixels: [1]).shearedHorizontally(by: .nan)
      }, says: "a picture sheared by nan")
    DistTrainTests.expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = Picture(width: 1, height: 1, pixels: [1]).shearedVertically(by: .infinity)
      }, says: "a picture sheared by inf")
  }
}

extension Picture {
  /// FNV-1a of the bytes, pixel after pixel.
  fileprivate var hash: UInt64 {
    let area = width * height
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for pixel in 0..<area {
      for channel in 0..<channels { hash = (hash ^ UInt64(pixels[channel * area + pixel])) &* 0x100_0000_01b3 }
    }
    return hash
  }
}
