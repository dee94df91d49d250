import Autograd
import DistTrain
import Testing

struct AugmentedImagesTests {
  /// Images of 2×4×5 of which no two pixels are alike, and none is black.
  private static let images = LabeledImages(
    pixels: AlignedBytes(count: 120) { bytes in for index in bytes.indices { bytes[index] = UInt8(index + 1) } },
    labels: [2, 0, 1], channels: 2, height: 4, width: 5, classCount: 3)

  /// Image `index` moved and then mirrored, pixel by pixel.
  private func moved(_ index: Int, down: Int, right: Int, flipped: Bool) -> [Float] {
    (0..<40).map { place in
      let (channel, row, column) = (place / 20, place % 20 / 5 - down, (flipped ? 4 - place % 5 : place % 5) - right)
      guard (0..<4).contains(row), (0..<5).contains(column) else { return 0 }
      return Float(40 * index + 20 * channel + 5 * row + column + 1) / 255
    }
  }

  private func changed(_ data: AugmentedImages, _ indices: [Int], seed: Int) -> [[Float]] {
    let batch = data.batch(indices, epochSeed: UInt64(seed))
    #expect(batch.inputs.shape == [indices.count, 2, 4, 5])
    #expect(batch.targets.array(of: Int.self) == indices.map { Int(Self.images.labels[$0]) })
    let values = batch.inputs.array(of: Float.self)
    return indices.indices.map { Array(values[40 * $0..<40 * ($0 + 1)]) }
  }

  @Test(arguments: [(0, false), (0, true), (1, false), (2, true)])
  func `every shift and every flip comes as often, and nothing else`(_ shift: Int, _ flips: Bool) {
    let data = AugmentedImages(Self.images, shift: shift, flips: flips)
    var variants: [[Float]] = []
    for down in -shift...shift {
      for right in -shift...shift {
        for flipped in flips ? [false, true] : [false] {
          variants.append(moved(1, down: down, right: right, flipped: flipped))
        }
      }
    }
    var counts = [Int](repeating: 0, count: variants.count)
    for seed in 0..<100 * variants.count {
      guard let variant = variants.firstIndex(of: changed(data, [1], seed: seed)[0]) else {
        Issue.record("an image that no shift and flip gives")
        return
      }
      counts[variant] += 1
    }
    // Five standard deviations about 100.
    #expect(counts.allSatisfy { abs($0 - 100) <= 50 || variants.count == 1 }, "\(counts)")
  }

  @Test func `an image's change depends neither on its batch nor on the rank that asks`() {
    let data = AugmentedImages(Self.images, shift: 2, flips: true)
    let together = changed(data, [0, 1, 2], seed: 4)
    #expect(changed(data, [2, 0], seed: 4) == [together[2], together[0]])
    #expect(data.batch([2]).inputs.array(of: Float.self) == moved(2, down: 0, right: 0, flipped: false))
    #expect(changed(data, [], seed: 4).isEmpty)
    #expect(data.columns == nil && data.count == 3)
  }
}
