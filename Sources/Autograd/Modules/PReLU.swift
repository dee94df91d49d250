/// x where it is positive, and x times a learned slope elsewhere, as `torch.nn.PReLU` (K. He et al., arXiv:1502.01852).
public final class PReLU: Module, Layer {
  /// The slopes, [1] or [channels].
  public let weight: Parameter

  /// A layer with one slope for all, or one for each channel.
  ///
  /// - Parameters:
  ///   - channels: The number of slopes: 1, or the size of the input's second dimension.
  ///   - initial: What the slopes are at first.
  public init(_ channels: Int = 1, initial: Double = 0.25, dtype: DataType = .float32) {
    precondition(channels > 0, "PReLU of \(channels) slopes, expected at least 1")
    weight = Parameter(.full([channels], initial, dtype: dtype))
  }

  /// The result has the shape of `x`.
  public func callAsFunction(_ x: Tensor) -> Tensor { x.prelu(weight) }
}
