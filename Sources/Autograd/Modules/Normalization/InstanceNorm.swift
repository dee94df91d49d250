/// Every channel of every sample normalized on its own, as `torch.nn.InstanceNorm2d` (D. Ulyanov et al.,
/// arXiv:1607.08022). There are no running statistics: evaluation does what training does.
public class InstanceNorm: Module, Layer {
  /// [channels], ones at first, or `nil`.
  public let weight: Parameter?
  /// [channels], zeros at first, or `nil`.
  public let bias: Parameter?
  private let channels: Int
  private let epsilon: Double
  /// The number of dimensions of a batch.
  private let rank: Int

  init(_ channels: Int, epsilon: Double, affine: Bool, dtype: DataType, rank: Int) {
    self.rank = rank
    self.channels = channels
    self.epsilon = epsilon
    weight = affine ? Parameter(.ones([channels], dtype: dtype)) : nil
    bias = affine ? Parameter(.zeros([channels], dtype: dtype)) : nil
  }

  /// The result has the shape of `x`: [N, channels, …], or [channels, …] of one sample.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(
      (x.rank == rank || x.rank == rank - 1) && x.shape[x.rank + 1 - rank] == channels,
      "\(type(of: self)): shape \(x.shape), expected \(rank) dimensions, or \(rank - 1) of one sample, with \(channels) "
        + "channels")
    guard x.rank == rank else { return self(x.unsqueezed(0)).squeezed(0) }
    return x.instanceNorm(weight: weight, bias: bias, epsilon: epsilon)
  }
}

/// ``InstanceNorm`` of sequences, [N, C, L] or [C, L], as `torch.nn.InstanceNorm1d`.
public final class InstanceNorm1d: InstanceNorm {
  /// A layer that does nothing but normalize at first.
  ///
  /// - Parameters:
  ///   - channels: The number of channels of the input.
  ///   - epsilon: What is added to the variance.
  ///   - affine: Whether there are scale and shift.
  public init(_ channels: Int, epsilon: Double = 1e-5, affine: Bool = false, dtype: DataType = .float32) {
    super.init(channels, epsilon: epsilon, affine: affine, dtype: dtype, rank: 3)
  }
}

/// ``InstanceNorm`` of images, [N, C, H, W] or [C, H, W], as `torch.nn.InstanceNorm2d`.
public final class InstanceNorm2d: InstanceNorm {
  /// A layer that does nothing but normalize at first.
  ///
  /// - Parameters:
  ///   - channels: The number of channels of the input.
  ///   - epsilon: What is added to the variance.
  ///   - affine: Whether there are scale and shift.
  public init(_ channels: Int, epsilon: Double = 1e-5, affine: Bool = false, dtype: DataType = .float32) {
    super.init(channels, epsilon: epsilon, affine: affine, dtype: dtype, rank: 4)
  }
}
