import Autograd
import TestSupport
import Testing

/// Dropout on the emulated GPU, which draws by itself.
struct CUDADropoutTests {
  /// Philox4x32-10 of counters (place, 0), written from its definition.
  private func words(place: UInt64, key: UInt64) -> [UInt32] {
    var (counter, key) = ([place, 0].flatMap(halves), halves(key))
    for _ in 0..<10 {
      let products = [counter[0].multipliedFullWidth(by: 0xd251_1f53), counter[2].multipliedFullWidth(by: 0xcd9e_8d57)]
      counter = [
        products[1].high ^ counter[1] ^ key[0], products[1].low, products[0].high ^ counter[3] ^ key[1],
        products[0].low,
      ]
      key = [key[0] &+ 0x9e37_79b9, key[1] &+ 0xbb67_ae85]
    }
    return counter
  }

  private func halves(_ word: UInt64) -> [UInt32] { [UInt32(truncatingIfNeeded: word), UInt32(word >> 32)] }

  /// The factor of each element.
  private func factors(_ count: Int, key: UInt64, probability: Double) -> [Double] {
    let drawn = (0..<UInt64(count + 3) / 4).flatMap { words(place: $0, key: key) }
    return drawn.prefix(count).map { Double($0) < (probability * 0x1p32).rounded(.down) ? 0 : 1 / (1 - probability) }
  }

  /// Of the authors' own test, Random123's `kat_vectors`.
  @Test func wordsOfTheDefinition() {
    #expect(words(place: 0, key: 0) == [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8])
  }

  @Test(arguments: [1, 3, 4, 1023, 70_001], [0.5, 0.3])
  func elementsAndGradients(count: Int, probability: Double) throws {
    let device = try EmulatedGPU.device()
    for dtype in [DataType.float32, .float64] {
      let x = Tensor.randn([count + 1], dtype: dtype, generator: RandomGenerator(seed: 2)).to(device)[1...].detached()
      x.requiresGrad = true
      let y = x.dropout(probability: probability, generator: RandomGenerator(seed: 7))
      let factors = factors(count, key: RandomGenerator(seed: 7).random64(), probability: probability)
      let expected = zip(x.array(of: Double.self), factors).map { $0 * $1 }
      let found = y.array(of: Double.self)
      let tolerance = dtype == .float64 ? 1e-15 : 1e-6
      #expect(zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance * abs($1) }, "\(dtype)")
      try (y * 3).sum().backward()
      let gradient = try #require(x.grad).array(of: Double.self)
      #expect(zip(gradient, factors).allSatisfy { abs($0 - 3 * $1) <= tolerance * 3 * $1 }, "\(dtype)")
    }
  }

  @Test func drawsFollowTheGenerator() throws {
    let ones = Tensor.ones([40_000]).to(try EmulatedGPU.device()), generator = RandomGenerator(seed: 3)
    let drawn = (0..<2).map { _ in ones.dropout(probability: 0.25, generator: generator).array(of: Float.self) }
    #expect(drawn[0] != drawn[1])
    for elements in drawn {
      #expect(Set(elements) == [0, 1 / Float(0.75)])
      // Within five standard deviations of a quarter.
      #expect(abs(elements.count { $0 == 0 } - 10_000) < 433)
    }
    generator.seed(3)
    #expect(ones.dropout(probability: 0.25, generator: generator).array(of: Float.self) == drawn[0])
    manualSeed(3)
    #expect(ones.dropout(probability: 0.25).array(of: Float.self) == drawn[0])
  }

  /// Every repetition drops what the same computation drops when it is asked for anew; there are more keys than one array
  /// of them holds. An array of them is as large as 128 elements are, which come and go before it is made.
  @Test(arguments: [128, 300]) func repetitionsOfRecordedWorkDrawAnew(count: Int) throws {
    let device = try EmulatedGPU.device()
    let own = RandomGenerator(seed: 5)
    let x = Tensor.ones([count]).to(device)
    x.requiresGrad = true
    func compute() throws -> [Tensor] {
      var y = x + x
      for _ in 0..<70 { y = y.dropout(probability: 0.004).dropout(probability: 0.004, generator: own) }
      try y.sum().backward()
      let gradient = try #require(x.grad)
      x.grad = nil
      return [y.detached(), gradient]
    }
    func seed() {
      manualSeed(4)
      own.seed(6)
    }
    seed()
    let expected = try (0..<3).map { _ in try compute().map { $0.array(of: Float.self) } }
    var results: [Tensor] = []
    let work = try RecordedWork(on: device) { results = try compute() }
    seed()
    for step in expected {
      work.run()
      #expect(results.map { $0.array(of: Float.self) } == step)
      #expect(step[0] == step[1] && Set(step[0]).count > 1)
    }
    #expect(expected[0] != expected[1] && expected[1] != expected[2])
  }

  /// Of images that lie channels last, and in bfloat16, the same elements are dropped in both passes, wherever the gradient
  /// comes from.
  @Test(.enabled(if: try EmulatedGPU.device().summary().contains(", cuDNN "), "the GPU has no cuDNN"))
  func imagesAsTheyLie() throws {
    let draws = try DrawnTensors(seed: 1, device: EmulatedGPU.device())
    try Kernels.choosing(generic: false) {
      try withProductPrecision(.bfloat16) {
        let x = (Tensor.ones([2, 3, 5, 6]).to(draws.device).conv2d(draws.quarters([3, 3, 1, 1])) * 0 + 1).detached()
        x.requiresGrad = true
        let y = x.dropout(probability: 0.5)
        #expect(y.layout == Layout(isChannelsLast: true, isBFloat16: true))
        let found = y.array(of: Float.self)
        #expect(Set(found) == [0, 2])
        for summand in [y, y.conv2d(draws.quarters([4, 3, 1, 1]).detached() * 0 + 1)] {
          x.grad = nil
          try summand.sum().backward(retainGraph: true)
          let gradient = try #require(x.grad).array(of: Float.self)
          #expect(gradient == found.map { summand === y ? $0 : 4 * $0 })
        }
      }
    }
  }
}
