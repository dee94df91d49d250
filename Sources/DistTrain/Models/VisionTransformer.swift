import Autograd

/// An image cut into square patches, which are the places of a sequence for a transformer, and classified by the mean of
/// what that makes of them.
///
/// A. Dosovitskiy et al., "An Image is Worth 16×16 Words", ICLR 2021 (arXiv:2010.11929), with the mean in place of a place
/// of its own for the class (L. Beyer et al., arXiv:2205.01580). Layers normalize first and have GELU.
public final class VisionTransformer: Module, Layer {
  private let patches: Conv2d
  private let positions: Parameter
  private let encoder: Sequential
  private let norm: LayerNorm
  private let head: Linear

  /// A model for square images.
  ///
  /// - Parameters:
  ///   - channels: Of an image.
  ///   - size: Rows of an image, and columns.
  ///   - patch: Rows of a patch, and columns; a divisor of `size`.
  ///   - width: The size of the embedding of a patch; the layers' networks have four times as many hidden values.
  ///   - layers: The number of encoder layers.
  ///   - heads: The attentions of each, which must divide `width`.
  ///   - classes: Of images.
  public init(channels: Int, size: Int, patch: Int, width: Int, layers: Int, heads: Int, classes: Int) {
    precondition(
      patch > 0 && size % patch == 0, "VisionTransformer: patches of \(patch) do not divide images of \(size)")
    patches = Conv2d(channels, width, kernel: patch, stride: patch)
    let places = (size / patch) * (size / patch)
    positions = Parameter(Tensor.randn([places, width]) * 0.02)
    let options = TransformerEncoderLayer.Options(
      feedForward: 4 * width, dropout: 0, activation: .gelu, normFirst: true)
    encoder = Sequential((0..<layers).map { _ in TransformerEncoderLayer(width, heads: heads, options) })
    norm = LayerNorm([width])
    head = Linear(width, classes)
  }

  /// [N, classes] for [N, channels, size, size].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let places = patches(x).flattened(from: 2).transposed(1, 2) + positions
    return head(norm(encoder(places)).mean([1]))
  }
}
