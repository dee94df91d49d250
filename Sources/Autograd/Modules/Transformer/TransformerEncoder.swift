/// Layers one after the other, as `torch.nn.TransformerEncoder` (A. Vaswani et al., arXiv:1706.03762).
public final class TransformerEncoder: Module, Layer {
  /// In the order in which they are applied.
  public let layers: [TransformerEncoderLayer]
  /// Of the last layer's result, or `nil`.
  public let norm: LayerNorm?

  /// A stack of copies of a layer, which, as in PyTorch, all begin with its values.
  ///
  /// - Parameters:
  ///   - layer: What is copied.
  ///   - count: The number of copies.
  ///   - norm: Of the last layer's result; none if left out. It belongs there where layers normalize first.
  public init(_ layer: TransformerEncoderLayer, layers count: Int, norm: LayerNorm? = nil) {
    precondition(count > 0, "TransformerEncoder of \(count) layers, expected at least 1")
    layers = (0..<count).map { _ in layer.copied() }
    self.norm = norm
  }

  /// [N, L, embedding] → [N, L, embedding], or of one sequence without N. Every place sees all.
  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, mask: nil) }

  /// The layers with places that do not see others; parameters are those of
  /// ``TransformerEncoderLayer/callAsFunction(_:mask:isCausal:)``.
  public func callAsFunction(_ x: Tensor, mask: Tensor?, isCausal: Bool = false) -> Tensor {
    let result = layers.reduce(x) { $1($0, mask: mask, isCausal: isCausal) }
    return norm.map { $0(result) } ?? result
  }
}
