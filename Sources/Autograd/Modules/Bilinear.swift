/// yₒ = x₁ᵀ · weightₒ · x₂ + biasₒ, as `torch.nn.Bilinear`.
public final class Bilinear: Module {
  /// [outputs, first inputs, second inputs].
  public let weight: Parameter
  /// [outputs], or `nil`.
  public let bias: Parameter?

  /// A layer with PyTorch's initial values: uniform between ±1/√(first inputs).
  ///
  /// - Parameters:
  ///   - first: The size of the last dimension of the first input.
  ///   - second: The size of the last dimension of the second.
  ///   - outputs: The size of the last dimension of the output.
  ///   - bias: Whether a bias is added.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ first: Int, _ second: Int, _ outputs: Int, bias: Bool = true, dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) {
    weight = Parameter(.fanInUniform([outputs, first, second], fanIn: first, dtype: dtype, generator: generator))
    self.bias = bias ? Parameter(.fanInUniform([outputs], fanIn: first, dtype: dtype, generator: generator)) : nil
  }

  /// [..., first], [..., second] → [..., outputs].
  public func callAsFunction(_ x: Tensor, _ y: Tensor) -> Tensor {
    precondition(
      x.rank > 0 && x.shape.dropLast() == y.shape.dropLast() && y.rank > 0
        && x.shape.suffix(1) + y.shape.suffix(1) == weight.shape[1...],
      "Bilinear of shapes \(x.shape) and \(y.shape) with weight \(weight.shape): needs [..., first] and [..., second]")
    let products = einsum("...i,oij,...j->...o", x, weight, y)
    return bias.map { products + $0 } ?? products
  }
}
