/// A source of random numbers whose stream is that of PyTorch's CPU generator: after `seed(s)` every distribution
/// draws the values that the same call draws in PyTorch after `torch.manual_seed(s)`.
///
/// One generator belongs to one thread. The distributions are in extensions, one file each.
public final class RandomGenerator {
  /// The seed that the stream started from.
  public private(set) var initialSeed: UInt64
  var engine: MersenneTwister
  /// The second half of the last pair of normal samples drawn one at a time.
  var pendingNormal: Double?

  /// A generator at the beginning of the stream of `seed`. Only the low 32 bits of the seed choose the stream, as in
  /// PyTorch.
  public init(seed: UInt64) {
    initialSeed = seed
    engine = MersenneTwister(seed: UInt32(truncatingIfNeeded: seed))
  }

  /// Goes to the beginning of the stream of `seed`.
  public func seed(_ seed: UInt64) {
    initialSeed = seed
    engine.seed(UInt32(truncatingIfNeeded: seed))
    pendingNormal = nil
  }

  /// Continues from these three, which are the whole state.
  func adopt(initialSeed: UInt64, engine: MersenneTwister, pendingNormal: Double?) {
    self.initialSeed = initialSeed
    self.engine = engine
    self.pendingNormal = pendingNormal
  }

  /// The next word of the stream.
  public func random32() -> UInt32 {
    engine.next()
  }

  /// The next two words of the stream; the first is the high half.
  public func random64() -> UInt64 {
    let high = UInt64(engine.next())
    return high << 32 | UInt64(engine.next())
  }
}
