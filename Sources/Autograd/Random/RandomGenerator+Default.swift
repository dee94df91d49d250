extension RandomGenerator {
  /// The seed of a thread's default generator before anything else is asked for; the value is PyTorch's.
  public static let defaultSeed: UInt64 = 67_280_421_310_721

  /// The generator that this thread draws from where no other is given.
  public static var `default`: RandomGenerator { ThreadState.current.generator }

  /// The given generator, or this thread's default one, to be drawn from.
  static func source(_ given: RandomGenerator?) -> RandomGenerator {
    let state = ThreadState.current
    let generator = given ?? state.generator
    state.recomputation?.willDraw(from: generator)
    return generator
  }
}

/// Runs `body` with another generator in place of this thread's default one, so that what `body` draws, such as
/// dropout, neither depends on what was drawn before nor changes what is drawn later.
public func withDefaultGenerator<R>(_ generator: RandomGenerator, _ body: () throws -> R) rethrows -> R {
  try ThreadState.with(\.generator, generator, body)
}

/// Starts the default generator of this thread at the stream of `seed`, as `torch.manual_seed`.
public func manualSeed(_ seed: UInt64) { RandomGenerator.default.seed(seed) }
