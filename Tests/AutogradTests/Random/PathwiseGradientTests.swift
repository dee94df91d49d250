import Autograd
import Foundation
import TestSupport
import Testing

/// Gradients that flow from draws to the parameters of their distributions.
@Suite struct PathwiseGradientTests {
  private struct File: Decodable {
    struct Gradients: Decodable {
      let gamma, dirichlet, beta: [[Double]]
    }

    let gradients: Gradients
  }

  /// The gradients of the sum of draws, each times its number from 1 on.
  private func weightedGradients(_ parameters: [Tensor], _ draw: ([Tensor]) -> Tensor) throws -> [[Double]] {
    let leaves = parameters.map { $0.cloned() }
    for leaf in leaves { leaf.requiresGrad = true }
    let draws = draw(leaves)
    try (draws * (Tensor.arange(draws.count) + 1).reshaped(draws.shape)).sum().backward()
    return try leaves.map { try #require($0.grad).array(of: Double.self) }
  }

  /// PyTorch's are of approximations with two digits or more, and of draws that have the digits of single precision in
  /// common.
  @Test(arguments: [DataType.float64, .float32]) func gradientsArePyTorchs(dtype: DataType) throws {
    let expected = (try Fixture.decode(from: "distributions.json") as File).gradients
    let numbers = Tensor([0.2, 0.9, 1, 2.5, 30], dtype: dtype).tiled([6])
    func check(_ found: [[Double]], _ expected: [[Double]]) {
      for (a, b) in zip(found.joined(), expected.joined()) { #expect(abs(a - b) < 1e-2 * abs(b), "\(a), not \(b)") }
      #expect(found.map(\.count) == expected.map(\.count))
    }
    let generator = RandomGenerator(seed: 1)
    let rates = Tensor.full([30], 2, dtype: dtype)
    check(
      try weightedGradients([numbers, rates]) { $0[0].gammaDraws(withGradients: true, generator: generator) / $0[1] },
      expected.gamma)
    generator.seed(1)
    check(
      try weightedGradients([numbers.reshaped([6, 5])]) {
        $0[0].dirichletDraws(withGradients: true, generator: generator)
      },
      expected.dirichlet)
    generator.seed(1)
    check(
      try weightedGradients([numbers, Tensor.full([30], 1.5, dtype: dtype)]) {
        $0[0].betaDraws($0[1], withGradients: true, generator: generator)
      }, expected.beta)
  }

  /// Draws and their gradients, in double precision.
  private func slopes(_ parameters: [Double], _ draw: ([Tensor]) -> Tensor) throws -> [(x: Double, slopes: [Double])] {
    let leaves = parameters.map { Tensor.full([200], $0, dtype: .float64, requiresGrad: true) }
    let draws = draw(leaves)
    try draws.sum().backward()
    let found = try leaves.map { try #require($0.grad).array(of: Double.self) }
    return draws.array(of: Double.self).enumerated().map { place, x in (x, found.map { $0[place] }) }
  }

  /// The slope of a function, by differences that leave out errors of the second and fourth order.
  private func slope(at place: Double, _ function: (Double) -> Double) -> Double {
    func difference(_ step: Double) -> Double { (function(place + step) - function(place - step)) / (2 * step) }
    let step = 1e-2 * place
    let halves = [difference(step), difference(step / 2), difference(step / 4)]
    let (first, second) = ((4 * halves[1] - halves[0]) / 3, (4 * halves[2] - halves[1]) / 3)
    return (16 * second - first) / 15
  }

  /// The sum of a series of which each term is the one before times what is given for its number from 1 on.
  private func sum(_ factor: (Double) -> Double) -> Double {
    var (term, sum, number) = (1.0, 1.0, 1.0)
    while term > 1e-18 * sum {
      term *= factor(number)
      sum += term
      number += 1
    }
    return sum
  }

  @Test(arguments: [0.05, 0.3, 1, 2.5, 30]) func gammaDrawsKeepTheirProbability(concentration: Double) throws {
    let generator = RandomGenerator(seed: 2)
    for (x, slopes) in try slopes(
      [concentration], { $0[0].gammaDraws(withGradients: true, generator: generator) }) where x > 1e-12
    {
      func probability(_ a: Double) -> Double { exp(a * log(x) - x - lgamma(a + 1)) * sum { x / (a + $0) } }
      let density = exp((concentration - 1) * log(x) - x - lgamma(concentration))
      let expected = -slope(at: concentration, probability) / density
      // Differences have fewer digits where hardly any draw is larger.
      let lost = 1e-12 / (density * concentration)
      #expect(abs(slopes[0] - expected) < 1e-6 * abs(expected) + lost, "\(x): \(slopes[0]), not \(expected)")
    }
  }

  @Test(arguments: [[0.05, 0.3], [0.4, 2], [1, 1], [2.5, 1.5], [30, 4]])
  func betaDrawsKeepTheirProbability(concentrations: [Double]) throws {
    let generator = RandomGenerator(seed: 2)
    let draws = try slopes(concentrations) { $0[0].betaDraws($0[1], withGradients: true, generator: generator) }
    let (first, second) = (concentrations[0], concentrations[1])
    for (x, slopes) in draws where x > 1e-9 && x < 1 - 1e-3 {
      func probability(_ a: Double, _ b: Double) -> Double {
        exp(a * log(x) + b * log1p(-x) + lgamma(a + b) - lgamma(a + 1) - lgamma(b))
          * sum { x * (a + b + $0 - 1) / (a + $0) }
      }
      let density =
        probability(first, second) * first / x / (1 - x) / sum { x * (first + second + $0 - 1) / (first + $0) }
      let expected = [
        -slope(at: first) { probability($0, second) } / density,
        -slope(at: second) { probability(first, $0) } / density,
      ]
      let lost = 1e-12 / (density * min(first, second))
      for (a, b) in zip(slopes, expected) { #expect(abs(a - b) < 1e-6 * abs(b) + lost, "\(x): \(a), not \(b)") }
    }
  }

  /// Draws of beta distributions with a concentration of 1 are powers of uniform ones.
  @Test func powersHaveAllDigits() throws {
    let generator = RandomGenerator(seed: 3)
    for concentration in [0.1, 0.7, 3, 50] {
      let draws = try slopes([concentration, 1]) { $0[0].betaDraws($0[1], withGradients: true, generator: generator) }
      for (x, slopes) in draws where x > 0 && x < 1 {
        let expected = -x * log(x) / concentration
        #expect(abs(slopes[0] - expected) < 1e-13 + 1e-12 * expected, "\(x): \(slopes[0]), not \(expected)")
      }
    }
  }

  /// By the expansion of such draws by normal ones, on both sides of the concentration from which it is used.
  @Test(arguments: [5e5, 5e6]) func ofLargeConcentrations(concentration: Double) throws {
    let generator = RandomGenerator(seed: 4)
    for (x, slopes) in try slopes(
      [concentration], { $0[0].gammaDraws(withGradients: true, generator: generator) })
    {
      let (root, z) = (concentration.squareRoot(), (x - concentration) / concentration.squareRoot())
      let expected = 1 + z / (2 * root) - (z * z - 1) / (6 * root * root) + z * (z * z + 1) / (12 * root * root * root)
      #expect(abs(slopes[0] - expected) < 2e-11, "\(x): \(slopes[0]), not \(expected)")
    }
  }

  @Test func limits() throws {
    let x = Tensor([1e-30, 1], requiresGrad: true)
    try x.gammaDraws(withGradients: true).sum().backward()
    #expect(x.grad?.isFinite().all().item() == 1)
    let alone = Tensor([2.0], requiresGrad: true)
    try alone.dirichletDraws(withGradients: true).sum().backward()
    #expect(alone.grad?.item() == 0)
    #expect(
      !alone.gammaDraws().requiresGrad && !alone.betaDraws(alone).requiresGrad && !alone.dirichletDraws().requiresGrad)
  }

  @Test func aSecondDerivativeTraps() async {
    let message = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor([2.0], requiresGrad: true)
      let slope = try gradients(of: x.gammaDraws(withGradients: true).sum(), withRespectTo: [x], createGraph: true)[0]
      try slope.sum().backward()
    }
    expect(message, says: "the gradients of draws cannot be differentiated again")
  }
}
