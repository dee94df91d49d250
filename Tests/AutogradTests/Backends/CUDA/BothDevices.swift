import Autograd
import TestSupport
import Testing

/// Runs `body` on the CPU and on the emulated GPU, and expects the same tensors of both.
///
/// - Parameters:
///   - tolerance: What they may differ by, relative to the largest element; 0 for the same bits.
///   - seed: Of the draws, which are the same for both.
func expectSame(
  _ what: String, within tolerance: Double = 0, seed: UInt64 = 1, _ body: (DrawnTensors) throws -> [Tensor]
) throws {
  let ours = try body(DrawnTensors(seed: seed, device: .cpu))
  let theirs = try body(DrawnTensors(seed: seed, device: EmulatedGPU.device()))
  #expect(ours.count == theirs.count)
  for (place, (a, b)) in zip(ours, theirs).enumerated() {
    #expect(a.shape == b.shape && a.dtype == b.dtype && b.device != .cpu, "\(what), result \(place)")
    let (expected, found) = (a.array(of: Double.self), b.array(of: Double.self))
    let bound = tolerance * max(expected.filter(\.isFinite).map(abs).max() ?? 0, 1)
    let wrong = zip(expected, found).enumerated().first { _, pair in
      pair.0 != pair.1 && !(pair.0.isNaN && pair.1.isNaN) && !(abs(pair.0 - pair.1) <= bound)
    }
    if let wrong {
      Issue.record("\(what), result \(place): \(wrong.element.1) instead of \(wrong.element.0) at \(wrong.offset)")
    }
  }
}

/// Tensors of one random stream, on a device.
struct DrawnTensors {
  let device: Device
  private let generator: RandomGenerator

  init(seed: UInt64, device: Device) {
    generator = RandomGenerator(seed: seed)
    self.device = device
  }

  /// Normal draws, which gradients are taken of where their type has them.
  func normal(_ shape: [Int], _ dtype: DataType = .float32) -> Tensor {
    let tensor = Tensor.randn(shape, generator: generator).cast(to: dtype).to(device)
    tensor.requiresGrad = dtype.isFloatingPoint
    return tensor
  }

  /// Multiples of 1/4 from −2 to 2, of which sums of products are exact and many are equal.
  func quarters(_ shape: [Int], _ dtype: DataType = .float32) -> Tensor {
    let tensor = (Tensor.randint(-8..<9, shape, generator: generator).cast(to: dtype) * 0.25).to(device)
    tensor.requiresGrad = true
    return tensor
  }

  func integers(_ range: Range<Int>, _ shape: [Int]) -> Tensor {
    Tensor.randint(range, shape, generator: generator).to(device)
  }

  /// One of a range.
  func number(_ range: ClosedRange<Int>) -> Int {
    Int(Tensor.randint(range.lowerBound..<range.upperBound + 1, [1], generator: generator).item())
  }
}

/// The gradients of the sum of `y`, weighted by draws, with respect to `inputs`.
func gradients(of y: Tensor, _ inputs: [Tensor], _ draws: DrawnTensors) throws -> [Tensor] {
  let weights = draws.quarters(y.shape, y.dtype).detached()
  try (y * weights).sum().backward()
  return try inputs.map { try #require($0.grad) }
}
