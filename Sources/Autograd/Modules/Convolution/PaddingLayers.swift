/// Images continued by their reflection, as `torch.nn.ReflectionPad2d`.
public final class ReflectionPad2d: Module, Layer {
  private let width: Int

  /// A layer that adds `width` rows and columns on each side, fewer than the image has.
  public init(_ width: Int) {
    precondition(width >= 0, "ReflectionPad2d of \(width) rows, expected 0 or more")
    self.width = width
  }

  /// [..., H, W] → [..., H + 2 · width, W + 2 · width].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.padded([(width, width), (width, width)], by: .reflect) }
}

/// Images continued by the pixels at their edges, as `torch.nn.ReplicationPad2d`.
public final class ReplicationPad2d: Module, Layer {
  private let width: Int

  /// A layer that adds `width` rows and columns on each side.
  public init(_ width: Int) {
    precondition(width >= 0, "ReplicationPad2d of \(width) rows, expected 0 or more")
    self.width = width
  }

  /// [..., H, W] → [..., H + 2 · width, W + 2 · width].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.padded([(width, width), (width, width)], by: .replicate) }
}

/// Images with zeros around them, as `torch.nn.ZeroPad2d`.
public final class ZeroPad2d: Module, Layer {
  private let width: Int

  /// A layer that adds `width` rows and columns on each side, or cuts them off if it is negative.
  public init(_ width: Int) { self.width = width }

  /// [..., H, W] → [..., H + 2 · width, W + 2 · width].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.padded([(width, width), (width, width)]) }
}
