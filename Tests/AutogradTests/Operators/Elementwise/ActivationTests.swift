import Autograd
import Testing

/// Activations at their kinks, at infinities and at NaN, as PyTorch 2.15 gives them, and what they refuse. The slopes of
/// ELU, SELU and Hardswish at NaN are those of its loops over vectors; what is left over at the end gets the slope above 0.
@Suite struct ActivationTests {
  private static let inputs: [Float] = [-4, -3, -1, 0, 1, 3, 4, .infinity, -.infinity, .nan]

  private func check(
    _ apply: (Tensor) -> Tensor, _ values: [Float], _ slopes: [Float],
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let x = Tensor(Self.inputs, shape: [Self.inputs.count])
    x.requiresGrad = true
    let y = apply(x)
    try y.sum().backward()
    let gradient = try #require(x.grad)
    for (found, expected) in [(y, values), (gradient, slopes)] {
      for (a, b) in zip(found.array(of: Float.self), expected) {
        #expect(
          a == b || (a.isNaN && b.isNaN) || abs(a - b) <= 4e-7 * abs(b), "\(a) instead of \(b)",
          sourceLocation: sourceLocation)
      }
    }
  }

  /// `F.elu(x, 0.7)`.
  @Test func elu() throws {
    try check(
      { $0.elu(alpha: 0.7) },
      [-0.6871791, -0.66514903, -0.44248438, 0, 1, 3, 4, .infinity, -0.7, .nan],
      [0.012820947, 0.034850948, 0.25751561, 0.7, 1, 1, 1, 1, 0, .nan])
  }

  /// `F.selu(x)`.
  @Test func selu() throws {
    try check(
      { $0.selu() },
      [-1.7258986, -1.6705687, -1.1113307, 0, 1.050701, 3.1521029, 4.2028041, .infinity, -1.7580993, .nan],
      [0.032200713, 0.087530605, 0.64676863, 1.7580993, 1.050701, 1.050701, 1.050701, 1.050701, 0, .nan])
  }

  /// `F.hardswish(x)`.
  @Test func hardswish() throws {
    try check(
      { $0.hardswish() }, [0, 0, -0.33333334, 0, 0.6666667, 3, 4, .infinity, .nan, .nan],
      [0, 0, 0.16666667, 0.5, 0.8333333, 1, 1, 1, 0, .nan])
  }

  /// `F.softplus(x, 2, 4)`: from the threshold on it is x.
  @Test func softplus() throws {
    try check(
      { $0.softplus(beta: 2, threshold: 4) },
      [1.6770318e-4, 1.2378426e-3, 0.063464, 0.3465736, 1.063464, 3, 4, .infinity, 0, .nan],
      [3.3535014e-4, 2.4726233e-3, 0.1192029, 0.5, 0.880797, 1, 1, 1, 0, .nan])
  }

  /// Neither overflow nor rounding where the result is x.
  @Test func softplusOfWhatIsLarge() {
    for x: Float in [2.5e38, 7.0408163, 90] {
      #expect(Tensor(Double(x)).softplus(beta: 3).item() == Double(x))
    }
  }

  @Test func preluOfANumber() throws {
    let x = Tensor(-2.0, requiresGrad: true)
    let y = x.prelu(Tensor([0.25]))
    #expect(y.shape == [] && y.item() == -0.5)
    try y.backward()
    #expect(x.grad?.shape == [] && x.grad?.item() == 0.25)
  }

  /// `F.prelu(x, torch.tensor([0.25]))`.
  @Test func prelu() throws {
    let weight = Tensor([0.25])
    try check(
      { $0.prelu(weight) }, [-1, -0.75, -0.25, 0, 1, 3, 4, .infinity, -.infinity, .nan],
      [0.25, 0.25, 0.25, 0.25, 1, 1, 1, 1, 0.25, 0.25])
  }

  /// Infinity is no factor of the slope's gradient where it is not multiplied by the slope.
  @Test func slopesOfInfinity() throws {
    let weight = Tensor([0.25], requiresGrad: true)
    try Tensor([-2.0, .infinity]).prelu(weight).sum().backward()
    #expect(weight.grad?.item() == -2)
  }

  @Test func whatIsRefused() async {
    let slopes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).prelu(.ones([2]))
    }
    expect(slopes, says: "prelu of shape [2, 3] with a weight of [2]")
    let type = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).prelu(.ones([3], dtype: .float64))
    }
    expect(type, says: "prelu of float32 with a weight of float64")
    let none = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = PReLU(0) }
    expect(none, says: "PReLU of 0 slopes, expected at least 1")
    let beta = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2]).softplus(beta: 0)
    }
    expect(beta, says: "softplus with a beta of 0.0, which must be positive")
    let layer = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Softplus(beta: -1)
    }
    expect(layer, says: "Softplus with a beta of -1.0, which must be positive")
    let integers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, 2]).elu()
    }
    expect(integers, says: "elu is not defined for tensors of int64")
  }
}
