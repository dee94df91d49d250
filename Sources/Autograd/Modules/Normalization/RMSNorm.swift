/// The last dimensions divided by their root mean square for each sample on its own, then scaled, as `torch.nn.RMSNorm`
/// (B. Zhang, R. Sennrich, arXiv:1910.07467).
public final class RMSNorm: Module, Layer {
  /// Of the normalized shape; ones at first.
  public let weight: Parameter?
  private let shape: [Int]
  private let epsilon: Double?

  /// A layer that does nothing but normalize at first.
  ///
  /// - Parameters:
  ///   - shape: The sizes of the last dimensions of the input, which are normalized together.
  ///   - epsilon: What is added to the mean square; if left out, the distance from 1 to the next number of the type.
  ///   - affine: Whether there is a scale.
  public init(_ shape: [Int], epsilon: Double? = nil, affine: Bool = true, dtype: DataType = .float32) {
    self.shape = shape
    self.epsilon = epsilon
    weight = affine ? Parameter(.ones(shape, dtype: dtype)) : nil
  }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.rmsNorm(shape, weight: weight, epsilon: epsilon) }
}
