import Foundation

extension RandomGenerator {
  /// Fills `buffer` with samples of a normal distribution, as `torch.Tensor.normal_` does: fewer than 16 are drawn one
  /// at a time in double precision, more in blocks of 16.
  public func normal(
    into buffer: UnsafeMutableBufferPointer<Float>, mean: Double = 0, standardDeviation: Double = 1
  ) {
    checkDeviation(standardDeviation)
    guard buffer.count >= BoxMuller.blockCount else {
      for index in buffer.indices { buffer[index] = Float(mean.addingProduct(standardNormal(), standardDeviation)) }
      return
    }
    fillBlocks(buffer) {
      uniform(into: $0)
    } transform: {
      BoxMuller.transform($0, count: $1, mean: Float(mean), standardDeviation: Float(standardDeviation))
    }
  }

  /// Fills `buffer` with samples of a normal distribution, as `torch.Tensor.normal_` does for float64.
  public func normal(
    into buffer: UnsafeMutableBufferPointer<Double>, mean: Double = 0, standardDeviation: Double = 1
  ) {
    checkDeviation(standardDeviation)
    guard buffer.count >= BoxMuller.blockCount else {
      for index in buffer.indices { buffer[index] = mean.addingProduct(standardNormal(), standardDeviation) }
      return
    }
    fillBlocks(buffer) {
      uniform(into: $0)
    } transform: {
      BoxMuller.transform($0, count: $1, mean: mean, standardDeviation: standardDeviation)
    }
  }

  /// A sample with mean 0 and standard deviation 1. They come in pairs; the second waits for the next call.
  func standardNormal() -> Double {
    if let pending = pendingNormal {
      pendingNormal = nil
      return pending
    }
    let angle = 2 * Double.pi * unitDouble()
    let radius = (-2 * log1p(-unitDouble())).squareRoot()
    pendingNormal = radius * sin(angle)
    return radius * cos(angle)
  }

  /// Fills a buffer with uniform samples and transforms them in blocks. When it is no whole number of blocks, its last 16 elements
  /// are drawn anew and transformed.
  private func fillBlocks<Scalar>(
    _ buffer: UnsafeMutableBufferPointer<Scalar>, draw: (UnsafeMutableBufferPointer<Scalar>) -> Void,
    transform: (_ blocks: UnsafeMutablePointer<Scalar>, _ count: Int) -> Void
  ) {
    guard let start = buffer.baseAddress else { return }
    let block = BoxMuller.blockCount
    draw(buffer)
    transform(start, buffer.count / block)
    if buffer.count % block != 0 {
      let last = UnsafeMutableBufferPointer(rebasing: buffer.suffix(block))
      draw(last)
      transform(start + (buffer.count - block), 1)
    }
  }

  private func checkDeviation(_ standardDeviation: Double) {
    precondition(standardDeviation >= 0, "normal distribution with standard deviation \(standardDeviation)")
  }
}
