import Autograd
import Foundation
import Testing

@Suite struct DistributionTests {
  private func check(_ draw: RandomFixture.Draw, _ fill: (RandomGenerator, UnsafeMutableBufferPointer<Float>) -> Void) {
    let generator = RandomGenerator(seed: draw.seed)
    #expect(drawn(draw.values.count) { fill(generator, $0) } == draw.values.map(Float.init))
    #expect(nextUniforms(generator) == draw.followingUniforms)
  }

  @Test func everyCallHasItsCases() {
    let calls = [
      "rand", "randn", "randn_f64", "randint_0_10", "randint_0_3_f32", "randperm", "bernoulli_0.3", "uniform_-2_3",
      "normal_1_0.5", "dropout_0.5",
    ]
    for call in calls { #expect(RandomFixture.draws(call).count == 30, "\(call)") }
  }

  @Test(arguments: RandomFixture.draws("rand")) func unitUniform(_ draw: RandomFixture.Draw) {
    check(draw) { $0.uniform(into: $1) }
  }

  @Test(arguments: RandomFixture.draws("uniform_-2_3")) func uniformBetweenBounds(_ draw: RandomFixture.Draw) {
    check(draw) { $0.uniform(into: $1, low: -2, high: 3) }
  }

  @Test(arguments: RandomFixture.draws("bernoulli_0.3")) func bernoulli(_ draw: RandomFixture.Draw) {
    check(draw) { $0.bernoulli(into: $1, probability: 0.3) }
  }

  @Test(arguments: RandomFixture.draws("dropout_0.5")) func dropout(_ draw: RandomFixture.Draw) {
    check(draw) { $0.dropoutMask(into: $1, probability: 0.5) }
  }

  /// `torch.nn.functional.dropout(torch.ones(12, dtype=torch.float64), 0.3)` after `torch.manual_seed(3)`.
  @Test func dropoutInDoublePrecision() {
    let generator = RandomGenerator(seed: 3)
    let factors: [Double] = drawn(12) { generator.dropoutMask(into: $0, probability: 0.3) }
    let dropped = Tensor.ones([12], dtype: .float64).dropout(probability: 0.3, generator: RandomGenerator(seed: 3))
    #expect(factors == (0..<12).map { [2, 4, 9].contains($0) ? 0 : 1.4285714285714286 })
    #expect(dropped.array(of: Double.self) == factors)
    #expect(Tensor.rand([1], generator: generator).item() == 0.1808772087097168)
  }

  @Test(arguments: RandomFixture.draws("randint_0_3_f32")) func floatIntegers(_ draw: RandomFixture.Draw) {
    check(draw) { $0.integers(into: $1, low: 0, high: 3) }
  }

  @Test(arguments: RandomFixture.draws("randn")) func standardNormal(_ draw: RandomFixture.Draw) {
    check(draw) { $0.normal(into: $1) }
  }

  @Test(arguments: RandomFixture.draws("normal_1_0.5")) func scaledNormal(_ draw: RandomFixture.Draw) {
    check(draw) { $0.normal(into: $1, mean: 1, standardDeviation: 0.5) }
  }

  /// Double precision goes through the C library's functions, which differ in the last place between systems.
  @Test(arguments: RandomFixture.draws("randn_f64")) func doubleNormal(_ draw: RandomFixture.Draw) {
    let generator = RandomGenerator(seed: draw.seed)
    let values: [Double] = drawn(draw.values.count) { generator.normal(into: $0) }
    #expect(areClose(values, draw.values), "\(values)")
    #expect(nextUniforms(generator) == draw.followingUniforms)
  }

  @Test(arguments: RandomFixture.draws("randint_0_10")) func integers(_ draw: RandomFixture.Draw) {
    let generator = RandomGenerator(seed: draw.seed)
    #expect(drawn(draw.values.count) { generator.integers(into: $0, low: 0, high: 10) } == draw.values.map(Int64.init))
    #expect(nextUniforms(generator) == draw.followingUniforms)
  }

  @Test(arguments: RandomFixture.draws("randperm")) func permutation(_ draw: RandomFixture.Draw) {
    let generator = RandomGenerator(seed: draw.seed)
    #expect(generator.permutation(count: draw.values.count) == draw.values.map(Int.init))
    #expect(nextUniforms(generator) == draw.followingUniforms)
  }

  /// `torch.manual_seed(5); torch.randint(low, high, (n,))` around the range where two words a value are drawn.
  @Test func wideIntegersTakeTwoWords() {
    func values(_ low: Int64, _ high: Int64, count: Int) -> [Int64] {
      let generator = RandomGenerator(seed: 5)
      return drawn(count) { generator.integers(into: $0, low: low, high: high) }
    }
    #expect(values(0, 1 << 28 - 1, count: 2) == [148_147_046, 236_996_814])
    #expect(values(0, 1 << 28, count: 2) == [236_996_814, 80_864_957])
    #expect(values(0, 1 << 33, count: 4) == [4_531_964_110, 7_865_493_181, 1_562_238_070, 4_206_684_233])
    #expect(values(-7, 5, count: 8) == [4, -1, 0, 2, -5, 3, -3, -2])
  }

  @Test func integersReachBothEndsOfTheType() {
    let generator = RandomGenerator(seed: 1)
    let values: [Int64] = drawn(1000) { generator.integers(into: $0, low: .min, high: .max) }
    #expect(values.contains { $0 < .min / 2 } && values.contains { $0 > .max / 2 })
  }

  @Test func doubleUniformHas53Bits() {
    let generator = RandomGenerator(seed: 5)
    let words = RandomGenerator(seed: 5)
    let values: [Double] = drawn(1000) { generator.uniform(into: $0, low: -1, high: 1) }
    let expected = (0..<1000).map { _ in Double(words.random64() & (1 << 53 - 1)) / 0x1p53 * 2 - 1 }
    #expect(values == expected)
  }

  @Test func dropoutOfEverythingAndNothing() {
    let generator = RandomGenerator(seed: 1)
    let (everything, nothing): ([Float], [Double]) = (
      drawn(100) { generator.dropoutMask(into: $0, probability: 1) },
      drawn(100) { generator.dropoutMask(into: $0, probability: 0) }
    )
    #expect(everything.allSatisfy { $0 == 0 })
    #expect(nothing.allSatisfy { $0 == 1 })
  }

  /// The words come in blocks of 624, and a draw's two may lie in two of them.
  @Test(arguments: [0, 1], [0.1, 0.5, 1 - 0x1p-53])
  func bernoulliIsWhereAUniformNumberIsBelow(wordsBefore: Int, probability: Double) {
    let (generator, words) = (RandomGenerator(seed: 12), RandomGenerator(seed: 12))
    for _ in 0..<wordsBefore { _ = (generator.random32(), words.random32()) }
    let found: [Float] = drawn(3000) { generator.bernoulli(into: $0, probability: probability) }
    let expected = (0..<3000).map { _ in
      Float(Double(words.random64() & (1 << 53 - 1)) / 0x1p53 < probability ? 1 : 0)
    }
    #expect(found == expected)
    #expect(generator.random32() == words.random32())
  }

  @Test func emptyBuffersLeaveTheStreamAlone() {
    let generator = RandomGenerator(seed: 7)
    let none: [Float] = drawn(0) { generator.normal(into: $0) }
    #expect(none.isEmpty && generator.permutation(count: 0).isEmpty)
    #expect(generator.random32() == RandomGenerator(seed: 7).random32())
  }

  /// The single-precision blocks against the transform in double precision, on many samples.
  @Test func normalBlocksAreAccurate() {
    let count = 160_000
    let generator = RandomGenerator(seed: 3)
    let values: [Float] = drawn(count) { generator.normal(into: $0) }
    let uniforms: [Float] = drawn(count) { RandomGenerator(seed: 3).uniform(into: $0) }
    var largestError = 0.0
    for start in stride(from: 0, to: count, by: 16) {
      for index in start..<start + 8 {
        let radius = (-2 * log(Double(1 - uniforms[index]))).squareRoot()
        let angle = 2 * Double.pi * Double(uniforms[index + 8])
        largestError = max(
          largestError, abs(radius * cos(angle) - Double(values[index])),
          abs(radius * sin(angle) - Double(values[index + 8])))
      }
    }
    #expect(largestError < 2e-6)
  }
}
