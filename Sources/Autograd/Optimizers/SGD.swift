/// Stochastic gradient descent with momentum, as `torch.optim.SGD`.
///
/// For each parameter w with gradient g, weight decay λ, momentum µ, dampening τ and learning rate γ:
///
///     g ← g + λ · w
///     v ← µ · v + (1 − τ) · g        (the first time: v ← g)
///     w ← w − γ · v                  (Nesterov: w ← w − γ · (g + µ · v))
public final class SGD {
  /// The numbers of the update rule.
  public struct Options: Sendable, Equatable {
    /// γ.
    public var learningRate: Double
    /// µ.
    public var momentum: Double
    /// τ.
    public var dampening: Double
    /// λ.
    public var weightDecay: Double
    /// Whether to look ahead by one more momentum step.
    public var nesterov: Bool

    /// Options with PyTorch's defaults.
    public init(
      learningRate: Double, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0, nesterov: Bool = false
    ) {
      self.learningRate = learningRate
      self.momentum = momentum
      self.dampening = dampening
      self.weightDecay = weightDecay
      self.nesterov = nesterov
    }

    func step(gradientScale: Double, isFirst: Bool) -> SGDStep {
      SGDStep(
        learningRate: learningRate, momentum: momentum, dampening: dampening, weightDecay: weightDecay,
        nesterov: nesterov, gradientScale: gradientScale, isFirst: isFirst)
    }
  }

  /// The numbers of the update rule; they may change between steps.
  public var options: Options
  private let parameters: [Tensor]
  private var velocities: [Tensor?]

  /// An optimizer of `parameters`.
  public init(_ parameters: [Tensor], _ options: Options) {
    self.parameters = parameters
    self.options = options
    velocities = Array(repeating: nil, count: parameters.count)
  }

  /// An optimizer of `parameters` with the given learning rate and momentum.
  public convenience init(_ parameters: [Tensor], learningRate: Double, momentum: Double = 0) {
    self.init(parameters, Options(learningRate: learningRate, momentum: momentum))
  }

  /// Updates every parameter that has a gradient.
  ///
  /// - Parameter gradientScale: Every gradient is multiplied by this first, such as 1 / n for a sum over n samples.
  public func step(gradientScale: Double = 1) {
    for (i, parameter) in parameters.enumerated() {
      guard let gradient = parameter.grad else { continue }
      let isFirst = velocities[i] == nil
      if isFirst && options.momentum != 0 {
        velocities[i] = Tensor(uninitialized: parameter.shape, dtype: parameter.dtype)
      }
      parameter.storage.version &+= 1
      parameter.backend.sgdStep(
        options.step(gradientScale: gradientScale, isFirst: isFirst), gradient: gradient, weight: parameter,
        velocity: velocities[i])
    }
  }

  /// Forgets the gradients, so that the next backward pass starts afresh.
  public func zeroGrad() {
    for parameter in parameters { parameter.grad = nil }
  }

  public func stateDictionary() -> [(name: String, tensor: Tensor)] {
    velocities.enumerated().compactMap { index, velocity in velocity.map { ("\(index).momentum_buffer", $0) } }
  }

  public func load(stateDictionary: [(name: String, tensor: Tensor)]) throws {
    for (name, tensor) in stateDictionary { velocities[Int(name.split(separator: ".")[0])!] = tensor }
  }
}
