/// Draws of distributions whose parameters are the elements of tensors. They have no gradients, unless these are asked for.
extension Tensor {
  /// Draws of the exponential distribution, as `torch.empty(shape).exponential_(rate)` where PyTorch does not draw by MKL.
  ///
  /// - Parameter rate: One over the mean; above 0.
  public static func exponential(
    _ shape: [Int], rate: Double = 1, dtype: DataType = .float32, device: Device = .cpu,
    generator: RandomGenerator? = nil
  ) -> Tensor {
    let generator = RandomGenerator.source(generator)
    return switch dtype {
    case .float32: Tensor(shape: shape, of: Float.self) { generator.exponential(into: $0, rate: rate) }.to(device)
    case .float64: Tensor(shape: shape, of: Double.self) { generator.exponential(into: $0, rate: rate) }.to(device)
    default: unsupported("exponential", dtype)
    }
  }

  /// A draw of the Poisson distribution for every element, which is its mean, as `torch.poisson`: numbers of this tensor's
  /// type, with PyTorch's stream.
  public func poissonDraws(generator: RandomGenerator? = nil) -> Tensor {
    let generator = RandomGenerator.source(generator)
    return drawn("poissonDraws") { Double(generator.poisson(rate: $0)) }
  }

  /// A draw of the gamma distribution for every element, which is the concentration α, as
  /// `torch.distributions.Gamma(α, rate).sample()`; see ``RandomGenerator/gamma(concentration:)``.
  ///
  /// - Parameters:
  ///   - rate: One over the scale; above 0. To divide the draws of rate 1 by a tensor of rates gives these gradients.
  ///   - withGradients: Whether gradients flow from the draws to the concentrations, as by `rsample()`: those of a draw whose
  ///     probability of smaller ones is kept (M. Figurnov et al., arXiv:1805.08498), to nearly all digits, where PyTorch
  ///     has two to four. They cannot be differentiated again, which traps.
  /// - Returns: Numbers that are not smaller than the least normal one, as in PyTorch.
  public func gammaDraws(rate: Double = 1, withGradients: Bool = false, generator: RandomGenerator? = nil) -> Tensor {
    precondition(rate > 0 && rate.isFinite, "gammaDraws of rate \(rate), expected a number above 0")
    let generator = RandomGenerator.source(generator)
    let least = dtype == .float32 ? Double(Float.leastNormalMagnitude) : Double.leastNormalMagnitude
    let draws = drawn("gammaDraws") { Swift.max(generator.gamma(concentration: $0) / rate, least) }
    guard withGradients else { return draws }
    let saved = draws.detached()
    return draws.recorded(as: "StandardGammaBackward0", from: [self], saving: [self, draws]) { gradient, inputs in
      inputs.add(0, gradient * self.gammaSlopes(of: saved, rate: rate))
    }
  }

  /// Draws of the Dirichlet distribution, which add up to 1 along the last dimension, as
  /// `torch.distributions.Dirichlet(x).sample()`.
  ///
  /// - Parameter withGradients: Whether gradients flow from the draws to the concentrations, as by `rsample()`; see
  ///   ``gammaDraws(rate:withGradients:generator:)``.
  /// - Returns: Of this tensor's shape, [..., k], whose elements are the concentrations, above 0.
  public func dirichletDraws(withGradients: Bool = false, generator: RandomGenerator? = nil) -> Tensor {
    precondition(rank > 0, "dirichletDraws of a scalar, expected concentrations [..., k]")
    // In double precision: small concentrations give numbers that float32 has not.
    let gammas = detached().cast(to: .float64).gammaDraws(generator: generator)
    let draws = (gammas / gammas.sum([-1], keepingDimensions: true)).cast(to: dtype)
    guard withGradients else { return draws }
    let saved = draws.detached()
    return draws.recorded(as: "DirichletBackward0", from: [self], saving: [self, draws]) { gradient, inputs in
      // A draw that grows takes from the others what they have in proportion (M. Jankowiak, F. Obermeyer,
      // arXiv:1806.01851, section 5.2).
      let others = (gradient * saved).sum([-1], keepingDimensions: true)
      inputs.add(0, (gradient - others) * self.dirichletSlopes(of: saved))
    }
  }

  /// A draw of the beta distribution for every element, which is the first concentration, as
  /// `torch.distributions.Beta(x, other).sample()`; shapes are broadcast.
  ///
  /// - Parameter withGradients: Whether gradients flow from the draws to the concentrations, as by `rsample()`; see
  ///   ``gammaDraws(rate:withGradients:generator:)``.
  public func betaDraws(_ other: Tensor, withGradients: Bool = false, generator: RandomGenerator? = nil) -> Tensor {
    let shape = Shape.broadcast(shape, other.shape)
    return Tensor.stacked([expanded(to: shape), other.expanded(to: shape)], dimension: -1)
      .dirichletDraws(withGradients: withGradients, generator: generator).selected(0, along: -1)
  }

  /// What `draw` gives for every element, one after the other, in this tensor's type.
  private func drawn(_ operation: StaticString, _ draw: (Double) -> Double) -> Tensor {
    requireFloatingPoint(for: operation)
    return Tensor(detached().array(of: Double.self).map(draw), shape: shape).cast(to: dtype).to(device)
  }
}
