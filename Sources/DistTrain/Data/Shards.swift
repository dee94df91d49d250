/// Which samples of an epoch one rank takes at each step.
///
/// The epoch's order is cut into global batches; inside a batch the ranks take turns, so rank r of W takes
/// `order[k·B + r + i·W]`. Where W divides B this is the order of PyTorch's `DistributedSampler`. Every sample is taken
/// exactly once over all ranks, without padding; a rank whose turn does not come in a short batch has an empty shard.
///
/// A rank may take its samples in several pieces, as a ``BatchCut`` says.
public struct Shards: Equatable, Sendable {
  /// Samples in an epoch.
  public let sampleCount: Int
  /// Samples that all ranks together take in one step.
  public let globalBatch: Int
  /// This process's number, from 0.
  public let rank: Int
  /// The number of processes.
  public let worldSize: Int
  /// Whether a last batch of fewer than `globalBatch` samples is left out.
  public let dropLast: Bool
  /// Into how many pieces the batch of a step is cut, and which of them a rank takes.
  public let cut: BatchCut

  /// The shards of one rank.
  public init(
    sampleCount: Int, globalBatch: Int, rank: Int = 0, worldSize: Int = 1, dropLast: Bool = false,
    cut: BatchCut = .ranks(pieces: 1)
  ) {
    precondition(sampleCount >= 0 && globalBatch > 0, "\(sampleCount) samples in batches of \(globalBatch)")
    precondition((0..<worldSize).contains(rank), "rank \(rank) of \(worldSize)")
    self.sampleCount = sampleCount
    self.globalBatch = globalBatch
    self.rank = rank
    self.worldSize = worldSize
    self.dropLast = dropLast
    self.cut = cut
  }

  /// The number of global batches in an epoch.
  public var stepsPerEpoch: Int {
    let (full, rest) = sampleCount.quotientAndRemainder(dividingBy: globalBatch)
    return full + (rest > 0 && !dropLast ? 1 : 0)
  }

  /// The samples that all ranks together take at `step` (from 0) of an epoch: `globalBatch`, or fewer at the end.
  public func globalCount(step: Int) -> Int {
    precondition((0..<stepsPerEpoch).contains(step), "step \(step) of \(stepsPerEpoch) in an epoch")
    return min(globalBatch, sampleCount - step * globalBatch)
  }

  /// The number of pieces in which this rank takes its samples of a step.
  public var pieceCount: Int { cut.pieceCount(worldSize: worldSize) }

  /// The positions in the epoch's order of a piece (from 0) of what this rank takes at `step`; empty where the batch
  /// ends before its turn.
  public func positions(step: Int, piece: Int = 0) -> StrideTo<Int> {
    let start = step * globalBatch
    let part = cut.part(rank: rank, piece: piece, worldSize: worldSize)
    return stride(from: start + part, to: start + globalCount(step: step), by: worldSize * pieceCount)
  }

  /// The samples of a piece of what this rank takes at `step`.
  /// - Parameter order: The epoch's permutation of `0..<sampleCount`.
  public func samples(step: Int, piece: Int = 0, order: some RandomAccessCollection<Int>) -> [Int] {
    precondition(order.count == sampleCount, "an order of \(order.count) for \(sampleCount) samples")
    return positions(step: step, piece: piece).map { order[order.index(order.startIndex, offsetBy: $0)] }
  }
}
