/// Decoder layers one after the other, as `torch.nn.TransformerDecoder` (A. Vaswani et al., arXiv:1706.03762).
public final class TransformerDecoder: Module {
  /// In the order in which they are applied.
  public let layers: [TransformerDecoderLayer]
  /// Of the last layer's result, or `nil`.
  public let norm: LayerNorm?

  /// A stack of copies of a layer, which, as in PyTorch, all begin with its values.
  ///
  /// - Parameters:
  ///   - layer: What is copied.
  ///   - count: The number of copies.
  ///   - norm: Of the last layer's result; none if left out. It belongs there where layers normalize first.
  public init(_ layer: TransformerDecoderLayer, layers count: Int, norm: LayerNorm? = nil) {
    precondition(count > 0, "TransformerDecoder of \(count) layers, expected at least 1")
    layers = (0..<count).map { _ in layer.copied() }
    self.norm = norm
  }

  /// All layers with the same memory; parameters are those of
  /// ``TransformerDecoderLayer/callAsFunction(_:memory:mask:isCausal:memoryMask:)``.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor, mask: Tensor? = nil, isCausal: Bool = false, memoryMask: Tensor? = nil
  ) -> Tensor {
    let result = layers.reduce(x) { $1($0, memory: memory, mask: mask, isCausal: isCausal, memoryMask: memoryMask) }
    return norm.map { $0(result) } ?? result
  }
}
