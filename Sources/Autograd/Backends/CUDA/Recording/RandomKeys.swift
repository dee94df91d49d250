/// The keys of the random draws of recorded work, in the GPU's memory: other ones for every repetition.
final class RandomKeys {
  private static let blockCount = 64

  private let device: Device
  private var blocks: [Tensor] = []
  /// Where each key comes from; the thread's default generator at the time if nil.
  private var generators: [RandomGenerator?] = []

  init(on device: Device) { self.device = device }

  /// The place of one more key, which is to come from a generator.
  func append(from generator: RandomGenerator?) -> UnsafeMutableRawPointer {
    let place = generators.count % Self.blockCount
    if place == 0 { blocks.append(makeBlock()) }
    generators.append(generator)
    return blocks[blocks.count - 1].address + place * MemoryLayout<UInt64>.size
  }

  private func makeBlock() -> Tensor {
    CUDAMemory.withoutReservation { Tensor(uninitialized: [Self.blockCount], dtype: .int64, device: device) }
  }

  /// Draws all keys, in the order in which they were asked for, and brings them to the GPU after all that was asked for
  /// before.
  func draw() {
    for (number, block) in blocks.enumerated() {
      let start = number * Self.blockCount
      let keys = generators[start..<min(start + Self.blockCount, generators.count)].map {
        Int(Int64(bitPattern: ($0 ?? .default).random64()))
      }
      block.part(shape: [keys.count]).assign(Tensor(keys))
    }
  }
}
