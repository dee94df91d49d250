import Autograd
import DistTrain
import Foundation
import Testing
import TestSupport

struct RandomErasingTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.createDirectory(atPath: "\(folder.path)/a", withIntermediateDirectories: false)
    for name in ["1", "2"] {
      try folder.write(Array("P6 1 1 255\n".utf8) + [51, 102, 153], to: "a/\(name).ppm")
    }
  }

  /// Pictures of one color, of which the red is 0.2, normalized to 1.
  func data(_ erasing: RandomErasing, size: Int = 20) throws -> PictureFiles {
    try ClassFolders(path: folder.path).pictures(
      size: size, changes: PictureChanges(erasing: erasing),
      normalization: PictureNormalization(mean: [0, 0, 0], standardDeviation: [0.2, 0.2, 0.2]))
  }

  /// What is erased of each of 400 pictures of 20 × 20, as the rows and columns that have any of it.
  func rectangles(_ erasing: RandomErasing) throws -> [(rows: ClosedRange<Int>, columns: ClosedRange<Int>)?] {
    let data = try data(erasing)
    return try (0..<400).map { epoch in
      let picture = try data.batch([0], epochSeed: UInt64(epoch)).inputs[0]
      let channels = (0..<3).map { picture[$0].array(of: Float.self) }
      let erased = channels[0].indices.filter { channels[0][$0] == erasing.value }
      for channel in 0..<3 {
        for place in channels[channel].indices {
          let isErased = erased.contains(place)
          let expected = isErased ? erasing.value : Float(channel + 1)
          #expect(abs(channels[channel][place] - expected) < 1e-6)
        }
      }
      guard let first = erased.first, let last = erased.last else { return nil }
      let (rows, columns) = (first / 20...last / 20, first % 20...last % 20)
      #expect(erased.count == rows.count * columns.count)
      return (rows, columns)
    }
  }

  @Test func `rectangles have the area and the proportions that were asked for, anywhere`() throws {
    // 60.5 of 400 pixels: twice as high as wide these are 11 × 6 (11 · 5.5).
    let all = try rectangles(RandomErasing(probability: 1, area: 0.15125...0.15125, aspectRatio: 2...2))
    #expect(all.allSatisfy { $0?.rows.count == 11 && $0?.columns.count == 6 })
    #expect(Set(all.compactMap { $0?.rows.lowerBound }) == Set(0...9))
    #expect(Set(all.compactMap { $0?.columns.lowerBound }) == Set(0...14))
  }

  @Test func `the usual rectangles are those of torchvision, in half of the pictures`() throws {
    let all = try rectangles(RandomErasing(value: -3))
    let erased = all.compactMap(\.self)
    #expect((150...250).contains(erased.count))
    let areas = erased.map { $0.rows.count * $0.columns.count }
    #expect(areas.allSatisfy { (6...140).contains($0) } && areas.contains { $0 < 20 } && areas.contains { $0 > 110 })
    let higher = erased.filter { $0.rows.count > $0.columns.count }.count
    let wider = erased.filter { $0.rows.count < $0.columns.count }.count
    #expect(abs(higher - wider) < erased.count / 3)
    #expect(erased.contains { $0.rows.count >= 2 * $0.columns.count })
    #expect(erased.contains { $0.columns.count >= 2 * $0.rows.count })
  }

  @Test func `nothing is erased where it would be all of a row or column, or of no picture`() throws {
    for erasing in [
      RandomErasing(probability: 1, area: 1...1, aspectRatio: 1...1), RandomErasing(probability: 0),
      RandomErasing(probability: 1, area: 0...0),
      RandomErasing(probability: 1, aspectRatio: 1e300...1e300),
    ] {
      #expect(try rectangles(erasing).allSatisfy { $0 == nil })
    }
  }

  @Test func `erasing follows from the epoch and the picture alone, and an evaluation sees all`() throws {
    let data = try data(RandomErasing(probability: 1))
    func values(_ tensor: Tensor) -> [Float] { tensor.array(of: Float.self) }
    let batch = try data.batch([0, 1, 0], epochSeed: 7).inputs
    #expect(values(batch[0]) == values(batch[2]) && values(batch[0]) != values(batch[1]))
    #expect(try values(data.batch([1], epochSeed: 7).inputs[0]) == values(batch[1]))
    #expect(try values(data.batch([1], epochSeed: 8).inputs[0]) != values(batch[1]))
    #expect(try !values(data.batch([0]).inputs).contains(0))
    // What else is drawn for a picture is as without.
    let changes = PictureChanges(colors: ColorJitter(brightness: 0.5))
    let plain = try ClassFolders(path: folder.path).pictures(size: 4, changes: changes).batch([0], epochSeed: 3)
    let erased = try ClassFolders(path: folder.path).pictures(
      size: 4, changes: PictureChanges(colors: changes.colors, erasing: RandomErasing(probability: 1, value: 9))
    ).batch([0], epochSeed: 3)
    let pairs = Array(zip(values(plain.inputs), values(erased.inputs)))
    #expect(pairs.allSatisfy { $0 == $1 || $1 == 9 } && pairs.contains { $0 == $1 } && pairs.contains { $1 == 9 })
  }

  @Test func `what cannot be erased traps`() async {
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RandomErasing(probability: 1.5)
      }, says: "erasing with probability 1.5, expected 0 to 1")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RandomErasing(area: 0.5...1.25)
      }, says: "erasing 0.5...1.25 of a picture, expected parts from 0 to 1")
    expect(
      await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
        _ = RandomErasing(aspectRatio: 0...1)
      }, says: "erasing what is 0.0...1.0 times as high as wide, expected a ratio above 0")
  }
}
