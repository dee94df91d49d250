import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

struct AutomaticAugmentationTests {
  let folder: TemporaryFolder
  /// 12 × 12 pixels in colors, small enough that most operations of any strength change it in another way.
  let picture = Picture(
    width: 12, height: 12, channels: 3, pixels: (0..<432).map { UInt8(truncatingIfNeeded: $0 &* $0 &* 7 &+ 20 &* $0) })

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/a", withIntermediateDirectories: false)
    let pixels = (0..<144).flatMap { pixel in (0..<3).map { picture.pixels[$0 * 144 + pixel] } }
    try folder.write(Array("P6 12 12 255\n".utf8) + pixels, to: "a/1.ppm")
  }

  /// What the picture becomes in so many epochs, whole and not mirrored.
  func changed(_ automatic: AutomaticAugmentation, epochs: Int) throws -> [[UInt8]] {
    let data = try ClassFolders(path: folder.path).pictures(
      size: 12, changes: PictureChanges(area: 1...1, aspectRatio: 1...1, flips: false, automatic: automatic))
    return try (0..<epochs).map { epoch in
      try data.batch([0], epochSeed: UInt64(epoch)).inputs.array(of: Float.self).map { UInt8(($0 * 255).rounded()) }
    }
  }

  /// What one operation makes of the picture by each of some strengths and signs.
  func outcomes(
    _ automatic: AutomaticAugmentation, of steps: ClosedRange<Int>
  ) -> [(operation: PictureOperation, pictures: [[UInt8]])] {
    PictureOperation.allCases.map { operation in
      let magnitudes = steps.map { automatic.magnitude(of: operation, step: $0, width: 12, height: 12) }
      let signed = magnitudes + (operation.isSigned ? magnitudes.map { -$0 } : [])
      return (operation, signed.map { operation.applied(to: picture, magnitude: $0).pixels })
    }
  }

  @Test func `TrivialAugmentWide draws one operation of any strength and sign`() throws {
    let outcomes = outcomes(.trivialAugmentWide, of: 0...30)
    let drawn = try changed(.trivialAugmentWide, epochs: 4000)
    #expect(Set(drawn).isSubset(of: outcomes.flatMap(\.pictures)))
    for (operation, pictures) in outcomes {
      // Each of 62 strengths with a sign is missed by 4000/14 draws with a probability of 1 %.
      let possible = Set(pictures)
      let seen = possible.intersection(drawn)
      #expect(Double(seen.count) >= 0.9 * Double(possible.count), "\(operation) \(seen.count) of \(possible.count)")
      let others = Set(outcomes.filter { $0.operation != operation }.flatMap(\.pictures))
      let share = Double(pictures.count { !others.contains($0) }) / Double(pictures.count)
      let expected = share * 4000 / 14
      let count = drawn.count { possible.contains($0) && !others.contains($0) }
      #expect(abs(Double(count) - expected) <= 4 * expected.squareRoot(), "\(operation) \(count), \(expected)")
    }
  }

  @Test func `RandAugment draws so many operations of one strength`() throws {
    let once = outcomes(.randAugment(operations: 1, magnitude: 30), of: 30...30).flatMap(\.pictures)
    #expect(Set(try changed(.randAugment(operations: 1, magnitude: 30), epochs: 1000)) == Set(once))
    let twice = try changed(.randAugment(magnitude: 30), epochs: 1000)
    #expect(twice.contains { once.contains($0) } && twice.count { !once.contains($0) } > 500)
    #expect(Set(try changed(.randAugment(operations: 0, magnitude: 30), epochs: 20)) == [picture.pixels])
  }

  @Test func `changes follow from the epoch and the picture alone`() throws {
    #expect(try changed(.trivialAugmentWide, epochs: 50) == changed(.trivialAugmentWide, epochs: 50))
    let data = try ClassFolders(path: folder.path).pictures(
      size: 12, changes: PictureChanges(automatic: .trivialAugmentWide, colors: ColorJitter(brightness: 0.3)))
    let first = try data.batch([0, 0], epochSeed: 4).inputs
    #expect(first[0].array(of: Float.self) == first[1].array(of: Float.self))
    #expect(try data.batch([0], epochSeed: 5).inputs.array(of: Float.self) != first[0].array(of: Float.self))
  }

  @Test func `what cannot be drawn traps`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = PictureChanges(automatic: .randAugment(magnitude: 31))
      }, says: "RandAugment of 2 operations of the strength 31, expected a number of them, and 0 to 30")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = PictureChanges(automatic: .randAugment(operations: -1))
      }, says: "RandAugment of -1 operations of the strength 9, expected a number of them, and 0 to 30")
  }
}
