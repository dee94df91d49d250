/// Groups of channels normalized for each sample on its own, then scaled and shifted, as `torch.nn.GroupNorm` (Y. Wu,
/// K. He, arXiv:1803.08494). Unlike ``BatchNorm`` it does not depend on the batch, so that ranks need not exchange
/// anything.
public final class GroupNorm: Module, Layer {
  /// [channels]; ones at first.
  public let weight: Parameter?
  /// [channels]; zeros at first.
  public let bias: Parameter?
  private let groups: Int
  private let epsilon: Double

  /// A layer that does nothing but normalize at first.
  ///
  /// - Parameters:
  ///   - groups: The number of groups, which divides that of the channels.
  ///   - channels: The size of the input's second dimension.
  ///   - epsilon: What is added to the variance.
  ///   - affine: Whether there are scale and shift.
  public init(
    _ groups: Int, _ channels: Int, epsilon: Double = 1e-5, affine: Bool = true, dtype: DataType = .float32
  ) {
    precondition(
      groups > 0 && channels % groups == 0, "GroupNorm: \(groups) groups do not divide \(channels) channels")
    self.groups = groups
    self.epsilon = epsilon
    weight = affine ? Parameter(.ones([channels], dtype: dtype)) : nil
    bias = affine ? Parameter(.zeros([channels], dtype: dtype)) : nil
  }

  /// The result has the shape of `x`, [N, channels, …].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.groupNorm(groups, weight: weight, bias: bias, epsilon: epsilon)
  }
}
