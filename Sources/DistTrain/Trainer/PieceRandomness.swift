import Autograd
import Collective

/// The random streams from which the model draws: one for each piece of each step.
///
/// So what is drawn neither depends on how many ranks there are, where the pieces are logical shards, nor on whether the
/// run was interrupted.
package struct PieceRandomness {
  let seed: UInt64
  private let generator = RandomGenerator(seed: 0)

  /// Streams that follow from `seed`.
  init(seed: UInt64) { self.seed = seed }

  /// Streams that follow from the seed of rank 0's default generator. Collective.
  package init(_ communicator: any Communicator) throws {
    var seed = [Int64(bitPattern: RandomGenerator.default.initialSeed)]
    try communicator.broadcast(&seed, from: 0)
    self.init(seed: UInt64(bitPattern: seed[0]))
  }

  /// Runs `body` so that its draws are those of a part of the batch at a step.
  package func draw<Result>(step: Int, part: Int, _ body: () -> Result) -> Result {
    generator.seed(Self.mixed(Self.mixed(Self.mixed(seed) ^ UInt64(step)) ^ UInt64(part)))
    return withDefaultGenerator(generator, body)
  }

  /// A number in which every bit depends on all bits of `word`: the step of SplitMix64 (Steele, Lea, Flood, "Fast
  /// Splittable Pseudorandom Number Generators", OOPSLA 2014).
  private static func mixed(_ word: UInt64) -> UInt64 {
    var bits = word &+ 0x9e37_79b9_7f4a_7c15
    bits = (bits ^ bits >> 30) &* 0xbf58_476d_1ce4_e5b9
    bits = (bits ^ bits >> 27) &* 0x94d0_49bb_1331_11eb
    return bits ^ bits >> 31
  }
}
