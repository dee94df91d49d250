/// The last dimensions normalized for each sample on its own, then scaled and shifted, as `torch.nn.LayerNorm`
/// (J. L. Ba et al., arXiv:1607.06450).
public final class LayerNorm: Module, Layer {
  /// Of the normalized shape; ones at first.
  public let weight: Parameter?
  /// Of the normalized shape; zeros at first.
  public let bias: Parameter?
  private let shape: [Int]
  private let epsilon: Double

  /// A layer that does nothing but normalize at first.
  ///
  /// - Parameters:
  ///   - shape: The sizes of the last dimensions of the input, which are normalized together.
  ///   - epsilon: What is added to the variance.
  ///   - affine: Whether there are scale and shift.
  ///   - bias: Whether there is a shift where there is a scale.
  public init(
    _ shape: [Int], epsilon: Double = 1e-5, affine: Bool = true, bias: Bool = true, dtype: DataType = .float32
  ) {
    self.shape = shape
    self.epsilon = epsilon
    weight = affine ? Parameter(.ones(shape, dtype: dtype)) : nil
    self.bias = affine && bias ? Parameter(.zeros(shape, dtype: dtype)) : nil
  }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(shape, weight: weight, bias: bias, epsilon: epsilon)
  }
}
