import Autograd

/// Gives grey images the dimension of their one channel, where they come without.
final class GreyChannel: Module, Layer {
  /// [N, 1, H, W] for [N, H, W], and for itself.
  func callAsFunction(_ x: Tensor) -> Tensor { x.rank == 3 ? x.unsqueezed(1) : x }
}
