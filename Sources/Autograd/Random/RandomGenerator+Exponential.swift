import Foundation

extension RandomGenerator {
  /// Fills `buffer` with samples of the exponential distribution, as `torch.Tensor.exponential_` where PyTorch does not draw
  /// by MKL.
  public func exponential(into buffer: UnsafeMutableBufferPointer<Float>, rate: Double = 1) {
    checkRate(rate)
    for index in buffer.indices { buffer[index] = Float(exponentialSample(rate)) }
  }

  /// The same in double precision, up to rounding in the last place.
  public func exponential(into buffer: UnsafeMutableBufferPointer<Double>, rate: Double = 1) {
    checkRate(rate)
    for index in buffer.indices { buffer[index] = exponentialSample(rate) }
  }

  private func exponentialSample(_ rate: Double) -> Double { -1 / rate * log1p(-unitDouble()) }

  private func checkRate(_ rate: Double) {
    precondition(rate > 0 && rate.isFinite, "exponential distribution of rate \(rate), expected a number above 0")
  }
}
