import CKernels

/// The 32-bit Mersenne Twister MT19937: 2¹⁹⁹³⁷ − 1 words before it repeats.
///
/// Source: M. Matsumoto, T. Nishimura, "Mersenne Twister: A 623-dimensionally equidistributed uniform pseudo-random
/// number generator", ACM TOMACS 8(1), 1998, seeded by one word as in their 2002 revision. PyTorch's CPU generator is
/// the same engine, so equal seeds give equal words.
struct MersenneTwister {
  static let stateCount = 624

  /// The recurrence's words, and the same words tempered: those that `next()` hands out.
  private var words: [UInt32]
  private var tempered: [UInt32]
  /// The seed from which the words are still to be made.
  private var pendingSeed: UInt32?
  /// How many words of the current block have been handed out.
  private(set) var position: Int

  init(seed: UInt32) {
    words = [UInt32](repeating: 0, count: Self.stateCount)
    tempered = words
    position = Self.stateCount
    pendingSeed = seed
  }

  /// The recurrence's words.
  var state: [UInt32] {
    guard let pendingSeed else { return words }
    var made = words
    Self.seed(&made, with: pendingSeed)
    return made
  }

  /// Goes to the beginning of the stream of `seed`, which costs nothing before the first word is asked for.
  mutating func seed(_ seed: UInt32) {
    pendingSeed = seed
    position = Self.stateCount
  }

  private static func seed(_ words: inout [UInt32], with seed: UInt32) {
    words[0] = seed
    for index in 1..<stateCount {
      let previous = words[index - 1]
      words[index] = 1_812_433_253 &* (previous ^ (previous >> 30)) &+ UInt32(index)
    }
  }

  /// Continues where a twister with this state and position stood.
  init(state: [UInt32], position: Int) {
    precondition(state.count == Self.stateCount, "\(state.count) words of state, \(Self.stateCount) expected")
    precondition((0...Self.stateCount).contains(position), "position \(position) in a block of \(Self.stateCount)")
    words = state
    self.position = position
    tempered = state
    temper()
  }

  mutating func next() -> UInt32 {
    if position == Self.stateCount { twist() }
    defer { position += 1 }
    return tempered[position]
  }

  /// Hands the next `count` words to `body`, in runs: `body` also gets the index of the run's first word.
  mutating func forEachRun(of count: Int, _ body: (UnsafeBufferPointer<UInt32>, Int) -> Void) {
    var done = 0
    while done < count {
      if position == Self.stateCount { twist() }
      let length = min(Self.stateCount - position, count - done)
      tempered.withUnsafeBufferPointer { words in
        body(UnsafeBufferPointer(rebasing: words[position..<position + length]), done)
      }
      position += length
      done += length
    }
  }

  private mutating func twist() {
    if let seed = pendingSeed.take() { Self.seed(&words, with: seed) }
    words.withUnsafeMutableBufferPointer { dt_mersenne_twist($0.baseAddress) }
    temper()
    position = 0
  }

  private mutating func temper() {
    words.withUnsafeBufferPointer { words in
      tempered.withUnsafeMutableBufferPointer { dt_mersenne_temper(words.baseAddress, $0.baseAddress) }
    }
  }
}
