extension RandomGenerator {
  /// Fills `buffer` with 1 (with the given probability) and 0, as `torch.Tensor.bernoulli_(p)` does.
  public func bernoulli(into buffer: UnsafeMutableBufferPointer<Float>, probability: Double) {
    draw(into: buffer, probability: probability, success: 1)
  }

  /// Fills `buffer` with the factors of a dropout: 0 with the given probability, else 1 / (1 − probability), as
  /// `torch.nn.functional.dropout` draws them.
  public func dropoutMask<T: BinaryFloatingPoint>(into buffer: UnsafeMutableBufferPointer<T>, probability: Double) {
    let kept = 1 - probability
    draw(into: buffer, probability: kept, success: kept > 0 ? 1 / T(kept) : 0)
  }

  private func draw<T: BinaryFloatingPoint>(
    into buffer: UnsafeMutableBufferPointer<T>, probability: Double, success: T
  ) {
    precondition((0...1).contains(probability), "probability \(probability) is outside 0...1")
    for index in buffer.indices {
      buffer[index] = unitDouble() < probability ? success : 0
    }
  }
}
