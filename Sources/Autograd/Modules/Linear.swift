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

  /// [..., inputs] → [..., outputs].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight, bias: bias) }

  override func activated(_ x: Tensor, by activation: LinearActivation) -> Tensor? {
    Kernels.areGeneric && x.device == .cpu ? nil : x.linear(weight, bias: bias, followedBy: activation)
  }
}
