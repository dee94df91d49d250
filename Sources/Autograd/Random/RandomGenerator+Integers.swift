import CKernels

extension RandomGenerator {
  /// From this range on remainders of 32 bits would visibly favour the small values.
  private static var twoWordRange: UInt64 { 1 << 28 }

  /// Fills `buffer` with integers of low ..< high, as `torch.randint` does.
  public func integers(into buffer: UnsafeMutableBufferPointer<Int64>, low: Int64, high: Int64) {
    let range = UInt64(bitPattern: high) &- UInt64(bitPattern: low)
    guard low < high && range < Self.twoWordRange, let start = buffer.baseAddress else {
      return draw(count: buffer.count, low: low, high: high) { buffer[$0] = $1 }
    }
    engine.forEachRun(of: buffer.count) { words, offset in
      dt_remainders(words.count, words.baseAddress, UInt32(range), low, start + offset)
    }
  }

  /// Fills `buffer` with integers of low ..< high as floats, as `torch.randint` does for float32.
  public func integers(into buffer: UnsafeMutableBufferPointer<Float>, low: Int64, high: Int64) {
    draw(count: buffer.count, low: low, high: high) { buffer[$0] = Float($1) }
  }

  /// A sample of 0 ..< 2⁶³, as `torch.empty((), dtype=torch.int64).random_()` draws it.
  func nonNegativeInt64() -> UInt64 {
    random64() & UInt64(Int64.max)
  }

  /// A remainder of one word, or of two.
  private func draw(count: Int, low: Int64, high: Int64, store: (Int, Int64) -> Void) {
    precondition(low < high, "integers from \(low) up to \(high): the range is empty")
    let range = UInt64(bitPattern: high) &- UInt64(bitPattern: low)
    let needsTwoWords = range >= Self.twoWordRange
    for index in 0..<count {
      let word = needsTwoWords ? random64() : UInt64(random32())
      store(index, low &+ Int64(bitPattern: word % range))
    }
  }
}
