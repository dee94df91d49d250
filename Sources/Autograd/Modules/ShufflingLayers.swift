/// Channels as pixels of larger images, as `torch.nn.PixelShuffle`.
public final class PixelShuffle: Module, Layer {
  private let factor: Int

  /// A layer that makes `factor` times as many rows and columns.
  public init(_ factor: Int) {
    precondition(factor > 0, "PixelShuffle: a factor of \(factor)")
    self.factor = factor
  }

  /// [..., C · factor², H, W] → [..., C, factor · H, factor · W].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.pixelShuffled(factor) }
}

/// Pixels as channels of smaller images, as `torch.nn.PixelUnshuffle`.
public final class PixelUnshuffle: Module, Layer {
  private let factor: Int

  /// A layer that makes one row of `factor`, and one column.
  public init(_ factor: Int) {
    precondition(factor > 0, "PixelUnshuffle: a factor of \(factor)")
    self.factor = factor
  }

  /// [..., C, factor · H, factor · W] → [..., C · factor², H, W].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.pixelUnshuffled(factor) }
}

/// The channels of all groups in turn, as `torch.nn.ChannelShuffle`.
public final class ChannelShuffle: Module, Layer {
  private let groups: Int

  /// A layer of channels that are divided into `groups` parts.
  public init(_ groups: Int) {
    precondition(groups > 0, "ChannelShuffle: \(groups) groups")
    self.groups = groups
  }

  /// The result has the shape of `x`, [N, C, …].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.channelsShuffled(groups) }
}
