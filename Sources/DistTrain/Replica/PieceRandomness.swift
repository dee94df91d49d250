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
  package func draw<Result>(step: Int, part: Int, _ body: () throws -> Result) rethrows -> Result {
    generator.seed(SplitMix64.mixed(seed, UInt64(step), UInt64(part)))
    return try withDefaultGenerator(generator, body)
  }
}
