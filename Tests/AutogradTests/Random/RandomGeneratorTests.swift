import Autograd
import Testing

@Suite struct RandomGeneratorTests {
  /// The ten-thousandth word after the default seed, as the C++ standard (rand.predef) gives it for `std::mt19937`.
  @Test func engineIsTheStandardMersenneTwister() {
    let generator = RandomGenerator(seed: 5489)
    for _ in 1..<10_000 { _ = generator.random32() }
    #expect(generator.random32() == 4_123_659_995)
  }

  @Test func random64TakesTheHighHalfFirst() {
    let (words, pairs) = (RandomGenerator(seed: 9), RandomGenerator(seed: 9))
    for _ in 0..<1000 {
      let high = UInt64(words.random32())
      #expect(pairs.random64() == high << 32 | UInt64(words.random32()))
    }
  }

  @Test func onlyTheLowHalfOfTheSeedCounts() {
    let generator = RandomGenerator(seed: 1 << 33 + 7)
    #expect(generator.initialSeed == 1 << 33 + 7)
    #expect(generator.random64() == RandomGenerator(seed: 7).random64())
  }

  @Test func seedingStartsAnewAndForgetsThePendingNormal() {
    let generator = RandomGenerator(seed: 1)
    let _: [Float] = drawn(1) { generator.normal(into: $0) }
    generator.seed(2)
    #expect(generator.initialSeed == 2)
    let values: [Float] = drawn(3) { generator.normal(into: $0) }
    #expect(values == drawn(3) { RandomGenerator(seed: 2).normal(into: $0) })
  }

  @Test func anotherGeneratorStandsInForTheDefaultOne() {
    manualSeed(5)
    let expected = Tensor.rand([3]).array(of: Float.self)
    manualSeed(5)
    let inner = withDefaultGenerator(RandomGenerator(seed: 6)) {
      withDefaultGenerator(RandomGenerator(seed: 7)) { _ = Tensor.rand([2]) }
      return Tensor.rand([3]).array(of: Float.self)
    }
    #expect(inner == Tensor.rand([3], generator: RandomGenerator(seed: 6)).array(of: Float.self))
    #expect(Tensor.rand([3]).array(of: Float.self) == expected)
  }

  @Test func seedingAgainIsAsANewGenerator() {
    let generator = RandomGenerator(seed: 1)
    generator.seed(2)
    #expect(generator.state == RandomGenerator(seed: 2).state)
    for _ in 0..<700 { _ = generator.random32() }
    generator.seed(3)
    let other = RandomGenerator(seed: 3)
    #expect((0..<700).allSatisfy { _ in generator.random32() == other.random32() })
  }

  /// A fill takes words in runs; single draws before it put it at every kind of place in the block.
  @Test(arguments: [0, 1, 300, 623, 624, 625, 1300]) func fillsContinueFromAnywhere(_ before: Int) {
    let (filled, single) = (RandomGenerator(seed: 4), RandomGenerator(seed: 4))
    for _ in 0..<before { #expect(filled.random32() == single.random32()) }
    let values: [Float] = drawn(2000) { filled.uniform(into: $0) }
    #expect(values == (0..<2000).map { _ in Float(single.random32() & 0xff_ffff) / 0x1p24 })
    #expect(filled.random32() == single.random32())
  }

  @Test(arguments: [0, 1, 5, 624, 1000]) func stateContinuesTheStream(_ before: Int) throws {
    let generator = RandomGenerator(seed: 11)
    for _ in 0..<before { _ = generator.random32() }
    let _: [Float] = drawn(3) { generator.normal(into: $0) }
    let state = generator.state
    #expect(state.count == RandomGenerator.stateByteCount)
    let restored = try RandomGenerator(state: state)
    #expect(restored.initialSeed == 11)
    let normals: [Double] = drawn(3) { restored.normal(into: $0) }
    #expect(normals == drawn(3) { generator.normal(into: $0) })
    #expect(restored.permutation(count: 3000) == generator.permutation(count: 3000))
    #expect(restored.state == generator.state)
  }

  @Test func damagedStatesAreRefusedAndChangeNothing() {
    let generator = RandomGenerator(seed: 11)
    let state = generator.state
    func damaged(_ offset: Int, _ bytes: [UInt8]) -> [UInt8] {
      var copy = state
      copy.replaceSubrange(offset..<offset + bytes.count, with: bytes)
      return copy
    }
    #expect(throws: RandomStateError.wrongLength(found: 0, expected: state.count)) { try generator.restore([]) }
    #expect(throws: RandomStateError.wrongLength(found: state.count + 1, expected: state.count)) {
      try generator.restore(state + [0])
    }
    #expect(throws: RandomStateError.positionOutOfRange(found: 625, limit: 624)) {
      try generator.restore(damaged(8, [0x71, 2, 0, 0]))
    }
    #expect(throws: RandomStateError.invalidFlag(2)) { try generator.restore(damaged(12, [2])) }
    #expect(throws: RandomStateError.invalidSample(.infinity)) {
      try generator.restore(damaged(22, [0xf0, 0x7f]))
    }
    #expect(generator.state == state)
  }

  @Test func errorsSayWhatWasFoundAndExpected() {
    #expect(RandomStateError.wrongLength(found: 3, expected: 9).description.contains("found 3 bytes, expected 9"))
    #expect(RandomStateError.positionOutOfRange(found: 700, limit: 624).description.contains("700"))
    #expect(RandomStateError.invalidFlag(7).description.contains("expected 0 or 1"))
    #expect(RandomStateError.invalidSample(.nan).description.contains("nan"))
  }

  /// Many at a time are the remainders of the words that are drawn one at a time.
  @Test(arguments: [1, 2, 3, 1000, 65536, 1 << 28 - 1, 1 << 28, 1 << 40], [0, 1, 623, 624, 2000])
  func integersAreRemaindersOfWords(range: Int, count: Int) {
    let (one, other) = (RandomGenerator(seed: 5), RandomGenerator(seed: 5))
    _ = (one.random32(), other.random32())
    let drawn = Tensor.randint(-7..<range - 7, [count], generator: one).array(of: Int.self)
    let words = (0..<count).map { _ in range >= 1 << 28 ? other.random64() : UInt64(other.random32()) }
    #expect(drawn == words.map { Int($0 % UInt64(range)) - 7 })
    #expect(one.random32() == other.random32())
  }

  @Test(arguments: [0, 1, 2, 16, 17, 625, 3000]) func permutationsAreSwapsByRemainders(count: Int) {
    let (one, other) = (RandomGenerator(seed: 5), RandomGenerator(seed: 5))
    var expected = Array(0..<count)
    for i in expected.indices.dropLast() { expected.swapAt(i, i + Int(other.random32()) % (count - i)) }
    #expect(one.permutation(count: count) == expected)
    #expect(one.random32() == other.random32())
  }
}
