/// y = x · weightᵀ + bias, as `torch.nn.Linear`.
public final class Linear: Module, Layer {
  /// [outputs, inputs].
  public let weight: Parameter
  /// [outputs], or `nil`.
  public let bias: Parameter?

  /// A layer with PyTorch's initial values: uniform between ±1/√inputs (Kaiming uniform with a = √5).
  ///
  /// - Parameters:
  ///   - inputs: The size of the last dimension of the input.
  ///   - outputs: The size of the last dimension of the output.
  ///   - bias: Whether a bias is added.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ inputs: Int, _ outputs: Int, bias: Bool = true, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    weight = Parameter(.fanInUniform([outputs, inputs], fanIn: inputs, dtype: dtype, generator: generator))
    self.bias = bias ? Parameter(.fanInUniform([outputs], fanIn: inputs, dtype: dtype, generator: generator)) : nil
  }

  /// A layer of parameters that are there, as of another layer that shares them: an output layer's weight may be an
  /// embedding's. Shared parameters are trained once, by the sum of their gradients.
  ///
  /// - Parameters:
  ///   - weight: [outputs, inputs].
  ///   - bias: [outputs], or `nil`.
  public init(weight: Parameter, bias: Parameter? = nil) {
    precondition(
      weight.rank == 2 && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
      "a linear layer of a weight of shape \(weight.shape) and a bias of \(bias.map { "\($0.shape)" } ?? "none")")
    self.weight = weight
    self.bias = bias
  }

  /// [..., inputs] → [..., outputs].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight, bias: bias) }

  override func activated(_ x: Tensor, by activation: LinearActivation) -> Tensor? {
    Kernels.areGeneric && x.device == .cpu ? nil : x.linear(weight, bias: bias, followedBy: activation)
  }
}
