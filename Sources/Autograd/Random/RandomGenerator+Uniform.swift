extension RandomGenerator {
  /// Fills `buffer` with samples of the uniform distribution on [low, high): 24 random bits each, as
  /// `torch.Tensor.uniform_` draws them for float32.
  public func uniform(into buffer: UnsafeMutableBufferPointer<Float>, low: Double = 0, high: Double = 1) {
    checkBounds(low, high)
    let start = Float(low)
    let width = Float(high) - start
    engine.forEachRun(of: buffer.count) { words, offset in
      for index in words.indices {
        let unit = Float(Int32(bitPattern: words[index] & 0xff_ffff)) * 0x1p-24
        buffer[offset + index] = start.addingProduct(unit, width)
      }
    }
  }

  /// Fills `buffer` with samples of the uniform distribution on [low, high): 53 random bits each, as
  /// `torch.Tensor.uniform_` draws them for float64.
  public func uniform(into buffer: UnsafeMutableBufferPointer<Double>, low: Double = 0, high: Double = 1) {
    checkBounds(low, high)
    for index in buffer.indices {
      buffer[index] = low.addingProduct(unitDouble(), high - low)
    }
  }

  /// A sample of the uniform distribution on [0, 1) with 53 random bits.
  func unitDouble() -> Double {
    Double(Int64(bitPattern: random64() & (1 << 53 - 1))) * 0x1p-53
  }

  private func checkBounds(_ low: Double, _ high: Double) {
    precondition(low <= high, "uniform distribution from \(low) to \(high): the bounds are in the wrong order")
  }
}
