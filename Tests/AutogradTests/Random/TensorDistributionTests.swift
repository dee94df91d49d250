import Autograd
import Foundation
import TestSupport
import Testing

/// Exponential, Poisson, gamma, Dirichlet and beta draws: PyTorch's own, and by their moments.
@Suite struct TensorDistributionTests {
  private struct File: Decodable {
    struct Draws: Decodable {
      let seed: UInt64
      let dtype: String
      let values: [Double]
      let next: Double
    }

    let exponential, poisson, gamma, dirichlet, beta: [Draws]
  }

  private func check(
    _ expected: [File.Draws], within tolerance: Double, _ draw: (DataType, RandomGenerator) -> Tensor
  ) throws {
    #expect(expected.count == 4)
    for expected in expected {
      let generator = RandomGenerator(seed: expected.seed)
      let dtype = try #require(DataType(rawValue: expected.dtype))
      let found = draw(dtype, generator)
      #expect(found.dtype == dtype && found.count == expected.values.count)
      for (a, b) in zip(found.array(of: Double.self), expected.values) {
        #expect(abs(a - b) <= tolerance * abs(b), "\(a) instead of \(b)")
      }
      // As much of the stream was used.
      #expect(Tensor.rand([1], generator: generator).item() == expected.next)
    }
  }

  private func repeated(_ numbers: [Double], _ dtype: DataType) -> Tensor { Tensor(numbers, dtype: dtype).tiled([6]) }

  private let concentrations = [0.2, 0.9, 1, 2.5, 30]

  @Test func drawsArePyTorchs() throws {
    let file: File = try Fixture.decode(from: "distributions.json")
    try check(file.exponential, within: 2e-16) { .exponential([21], rate: 1.5, dtype: $0, generator: $1) }
    try check(file.poisson, within: 0) {
      repeated([0.3, 2, 9.5, 10, 50, 1000, 0], $0).poissonDraws(generator: $1)
    }
    try check(file.gamma, within: 5e-6) { repeated(concentrations, $0).gammaDraws(rate: 2, generator: $1) }
    try check(file.dirichlet, within: 5e-6) {
      repeated(concentrations, $0).reshaped([6, 5]).dirichletDraws(generator: $1)
    }
    try check(file.beta, within: 5e-6) {
      repeated(concentrations, $0).betaDraws(Tensor(1.5, dtype: $0), generator: $1)
    }
  }

  /// The largest distance of the distribution of draws from another, times √n: above 1.63 once in a hundred seeds
  /// (A. Kolmogorov, 1933).
  private func distance(_ draws: Tensor, _ distribution: (Double) -> Double) -> Double {
    let sorted = draws.array(of: Double.self).sorted()
    let count = Double(sorted.count)
    let distances = sorted.enumerated().map { index, x in
      max(Double(index + 1) / count - distribution(x), distribution(x) - Double(index) / count)
    }
    return (distances.max() ?? 0) * count.squareRoot()
  }

  @Test func distributionsAreTheirOwn() {
    let generator = RandomGenerator(seed: 5)
    func copies(_ x: Double) -> Tensor { .full([20_000], x, dtype: .float64) }
    #expect(
      distance(.exponential([20_000], rate: 3, dtype: .float64, generator: generator)) { 1 - exp(-3 * $0) } < 1.63)
    #expect(distance(copies(1).gammaDraws(rate: 2, generator: generator)) { 1 - exp(-2 * $0) } < 1.63)
    // Half the square of a normal sample.
    #expect(distance(copies(0.5).gammaDraws(generator: generator)) { erf($0.squareRoot()) } < 1.63)
    #expect(distance(copies(3).gammaDraws(generator: generator)) { 1 - exp(-$0) * (1 + $0 + $0 * $0 / 2) } < 1.63)
    #expect(distance(copies(2).betaDraws(copies(1), generator: generator)) { $0 * $0 } < 1.63)
    #expect(
      distance(copies(1).betaDraws(Tensor(3.0, dtype: .float64), generator: generator)) { 1 - pow(1 - $0, 3) } < 1.63)
    for rate in [0.5, 4, 30, 1e6] {
      let draws = copies(rate).poissonDraws(generator: generator)
      // Six standard deviations of the mean and the variance of so many.
      #expect(abs(draws.mean().item() - rate) < 6 * (rate / 20_000).squareRoot(), "rate \(rate)")
      let deviation = ((2 * rate * rate + rate) / 20_000).squareRoot()
      #expect(abs(draws.variance().item() - rate) < 6 * deviation, "rate \(rate)")
    }
    let shares = Tensor([1.0, 2, 5], dtype: .float64).tiled([5000, 1]).dirichletDraws(generator: generator)
    #expect((shares.sum([1]) - 1).abs().maximum().item() < 1e-12)
    let means = shares.mean([0]).array(of: Double.self)
    #expect(zip(means, [0.125, 0.25, 0.625]).allSatisfy { abs($0 - $1) < 0.015 })
  }

  @Test func limits() {
    #expect(Tensor([0.0]).poissonDraws().item() == 0)
    #expect(Tensor([1e-30]).gammaDraws().item() == Double(Float.leastNormalMagnitude))
    #expect(Tensor.exponential([0]).shape == [0] && Tensor.zeros([2, 0]).poissonDraws().shape == [2, 0])
  }

  @Test func whatIsOutOfRangeTraps() async {
    let rate = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([-1.0]).poissonDraws()
    }
    expect(rate, says: "Poisson distribution of rate -1.0, expected one from 0 to 2^62")
    let concentration = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, .nan]).gammaDraws()
    }
    expect(concentration, says: "gamma distribution of concentration nan")
    let exponential = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.exponential([2], rate: 0)
    }
    expect(exponential, says: "exponential distribution of rate 0.0")
  }
}
