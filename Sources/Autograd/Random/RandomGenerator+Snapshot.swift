extension RandomGenerator {
  /// A generator and where its stream was.
  struct Snapshot {
    let generator: RandomGenerator
    fileprivate let initialSeed: UInt64
    fileprivate let engine: MersenneTwister
    fileprivate let pendingNormal: Double?

    /// Brings the generator back to there.
    func restore() { generator.adopt(initialSeed: initialSeed, engine: engine, pendingNormal: pendingNormal) }
  }

  /// Where the stream is; takes no copy of the state until the next block of words is made.
  var snapshot: Snapshot {
    Snapshot(generator: self, initialSeed: initialSeed, engine: engine, pendingNormal: pendingNormal)
  }
}
