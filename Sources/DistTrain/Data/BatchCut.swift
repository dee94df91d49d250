/// How the global batch of a step is cut into pieces, of which every rank computes some, one after the other.
///
/// The batch's samples are dealt out to its pieces in turn: part p of P takes the samples p, p + P, p + 2P, … of it.
public enum BatchCut: Equatable, Sendable {
  /// Every rank takes the same samples as it would in one piece, in `pieces` of them: gradient accumulation.
  case ranks(pieces: Int)

  /// The batch has as many parts however many ranks there are, and each rank takes a block of them.
  case logicalShards(Int)

  /// The number of pieces that each rank takes.
  public func pieceCount(worldSize: Int) -> Int {
    switch self {
    case .ranks(let pieces):
      precondition(pieces > 0, "a batch in \(pieces) pieces")
      return pieces
    case .logicalShards(let shards):
      precondition(
        shards > 0 && shards.isMultiple(of: worldSize), "\(shards) logical shards cannot be dealt to \(worldSize) ranks"
      )
      return shards / worldSize
    }
  }

  /// The part of the batch that is a rank's piece, both from 0.
  public func part(rank: Int, piece: Int, worldSize: Int) -> Int {
    switch self {
    case .ranks: rank + piece * worldSize
    case .logicalShards: rank * pieceCount(worldSize: worldSize) + piece
    }
  }

  /// Checks that so many ranks can train with this cut.
  ///
  /// - Parameters:
  ///   - worldSize: The number of ranks.
  ///   - globalBatch: The samples of a step on all ranks, if they are known. With as many pieces, or the next power of two
  ///     of logical shards, none has more than one of them, and more would take time for nothing.
  /// - Throws: ``ConfigurationError`` where they cannot.
  public func validate(worldSize: Int, globalBatch: Int? = nil) throws {
    let samples = globalBatch ?? .max
    guard case .logicalShards(let shards) = self else {
      let pieces = pieceCount(worldSize: worldSize)
      guard pieces <= samples else {
        throw ConfigurationError("--accumulate is \(pieces) for steps of \(samples) samples, expected at most as many")
      }
      return
    }
    guard shards / 2 < samples else {
      throw ConfigurationError(
        "--reproducible is \(shards) for steps of \(samples) samples, expected less than twice as many")
    }
    precondition(shards > 0 && shards.nonzeroBitCount == 1, "\(shards) logical shards are not a power of two")
    guard shards.isMultiple(of: worldSize) else {
      throw ConfigurationError(
        "--reproducible \(shards) on \(worldSize) ranks: the number of ranks must divide that of the shards, "
          + "as \((0...shards.trailingZeroBitCount).map { "\(1 << $0)" }.joined(separator: ", ")) do")
    }
  }
}
