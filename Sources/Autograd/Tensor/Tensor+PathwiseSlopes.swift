/// How draws move with the elements of this tensor, the concentrations; see ``PathwiseSlope``.
extension Tensor {
  /// Of draws of the gamma distribution.
  func gammaSlopes(of draws: Tensor, rate: Double) -> Tensor {
    let concentrations = numbers(detached())
    let digammas = numbers((detached().cast(to: .float64) + 1).digamma())
    let slopes = numbers(draws).enumerated().map { place, x in
      PathwiseSlope.gamma(
        x * rate, concentration: concentrations[place], digammaOfNext: digammas[place]) / rate
    }
    return withoutDerivative(slopes, of: draws)
  }

  /// Of draws of the Dirichlet distribution, each divided by what it lacks to 1: a draw has the beta distribution whose
  /// second concentration is the sum of the others.
  func dirichletSlopes(of draws: Tensor) -> Tensor {
    let exact = detached().cast(to: .float64)
    let sum = exact.sum([-1], keepingDimensions: true)
    let (first, second) = (numbers(exact), numbers(sum - exact))
    let (digammas, ofSums) = (numbers(exact.digamma()), numbers(sum.digamma().expanded(to: shape)))
    let slopes = numbers(draws).enumerated().map { place, x in
      PathwiseSlope.beta(
        x, first: first[place], second: second[place], digamma: digammas[place], digammaOfSum: ofSums[place])
    }
    return withoutDerivative(slopes, of: draws)
  }

  private func numbers(_ x: Tensor) -> [Double] { x.array(of: Double.self) }

  private func withoutDerivative(_ slopes: [Double], of draws: Tensor) -> Tensor {
    Tensor(slopes, shape: draws.shape).cast(to: draws.dtype).to(draws.device)
      .recorded(as: "PathwiseSlopeBackward0", from: [self]) { _, _ in
        preconditionFailure("the gradients of draws cannot be differentiated again")
      }
  }
}
