/// Images enlarged by a whole number, as `torch.nn.Upsample`.
public final class Upsample: Module, Layer {
  private let scale: Int
  private let interpolation: Interpolation

  /// A layer that makes `scale` times as many rows and columns.
  public init(scale: Int, by interpolation: Interpolation = .nearest) {
    precondition(scale > 0, "Upsample: a scale of \(scale)")
    self.scale = scale
    self.interpolation = interpolation
  }

  /// [N, C, H, W] → [N, C, scale · H, scale · W].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(x.rank == 4, "Upsample needs shape [N, C, H, W], not \(x.shape)")
    return x.resized(to: (scale * x.shape[2], scale * x.shape[3]), by: interpolation)
  }
}
