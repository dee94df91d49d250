/// Attention of a sequence to itself, then to what an encoder made of another, and a network of two layers for each place,
/// each added to what it is given and normalized, as `torch.nn.TransformerDecoderLayer(batch_first=True)` (A. Vaswani et
/// al., arXiv:1706.03762).
///
///     y = norm1(x + dropout1(selfAttention(x)))
///     z = norm2(y + dropout2(memoryAttention(y, memory)))
///     w = norm3(z + dropout3(linear2(dropout(activation(linear1(z))))))
///
/// With `normFirst` it is what attentions and network are given that is normalized, but for the memory (R. Xiong et al.,
/// arXiv:2002.04745).
public final class TransformerDecoderLayer: Module {
  /// The sizes and settings of a layer: those of an encoder's.
  public typealias Options = TransformerEncoderLayer.Options

  /// Of the sequence to itself.
  public let selfAttention: MultiHeadAttention
  /// Of the sequence to the memory.
  public let memoryAttention: MultiHeadAttention
  /// From the embedding to the hidden layer.
  public let linear1: Linear
  /// From the hidden layer to the embedding.
  public let linear2: Linear
  /// After the attention of the sequence to itself, or before it.
  public let norm1: LayerNorm
  /// After the attention to the memory, or before it.
  public let norm2: LayerNorm
  /// After the network, or before it.
  public let norm3: LayerNorm
  private let dropout: Dropout
  private let dropout1: Dropout
  private let dropout2: Dropout
  private let dropout3: Dropout
  private let embedding: Int
  private let heads: Int
  private let options: Options

  /// The names of `torch.nn.TransformerDecoderLayer`.
  override public class var stateNames: [String: String] {
    ["selfAttention": "self_attn", "memoryAttention": "multihead_attn"]
  }

  /// A layer with PyTorch's initial values.
  ///
  /// - Parameters:
  ///   - embedding: The size of the last dimension of input, memory and output.
  ///   - heads: The number of attentions, which must divide `embedding`.
  ///   - options: All else.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ embedding: Int, heads: Int, _ options: Options = Options(), dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) {
    precondition(
      options.feedForward > 0, "TransformerDecoderLayer with \(options.feedForward) hidden values, expected at least 1")
    self.embedding = embedding
    self.heads = heads
    self.options = options
    func attention() -> MultiHeadAttention {
      MultiHeadAttention(
        embedding, heads: heads, bias: options.bias, dropout: options.dropout, dtype: dtype, generator: generator)
    }
    func norm() -> LayerNorm {
      LayerNorm([embedding], epsilon: options.epsilon, bias: options.bias, dtype: dtype)
    }
    selfAttention = attention()
    memoryAttention = attention()
    linear1 = Linear(embedding, options.feedForward, bias: options.bias, dtype: dtype, generator: generator)
    linear2 = Linear(options.feedForward, embedding, bias: options.bias, dtype: dtype, generator: generator)
    norm1 = norm()
    norm2 = norm()
    norm3 = norm()
    dropout = Dropout(options.dropout)
    dropout1 = Dropout(options.dropout)
    dropout2 = Dropout(options.dropout)
    dropout3 = Dropout(options.dropout)
  }

  /// One layer of a decoder.
  ///
  /// - Parameters:
  ///   - x: [N, L, embedding], or, as the memory then, [L, embedding] of one sequence.
  ///   - memory: [N, S, embedding], what the encoder made of the other sequence.
  ///   - mask: As for ``scaledDotProductAttention(_:_:_:mask:isCausal:scale:dropout:)``: true where a place may see another
  ///     of its own sequence, broadcast to [N, heads, L, L]; [N, 1, 1, L] is true for the places that are no padding.
  ///   - isCausal: Whether a place sees only those of its own sequence up to itself: of those that the mask shows, if any.
  ///   - memoryMask: True where a place may see one of the memory, broadcast to [N, heads, L, S].
  /// - Returns: Of the shape of `x`.
  public func callAsFunction(
    _ x: Tensor, memory: Tensor, mask: Tensor? = nil, isCausal: Bool = false, memoryMask: Tensor? = nil
  ) -> Tensor {
    func attended(_ x: Tensor) -> Tensor { dropout1(selfAttention(x, mask: mask, isCausal: isCausal)) }
    func informed(_ x: Tensor) -> Tensor { dropout2(memoryAttention(x, memory, memory, mask: memoryMask)) }
    guard !options.normFirst else {
      let y = x + attended(norm1(x))
      let z = y + informed(norm2(y))
      return z + transformed(norm3(z))
    }
    let y = norm1(x + attended(x))
    let z = norm2(y + informed(y))
    return norm3(z + transformed(z))
  }

  private func transformed(_ x: Tensor) -> Tensor {
    dropout3(linear2(dropout(options.activation.applied(to: linear1, of: x))))
  }

  /// Another layer with the same values in memory of its own.
  func copied() -> TransformerDecoderLayer {
    let copy = TransformerDecoderLayer(
      embedding, heads: heads, options, dtype: linear1.weight.dtype, generator: RandomGenerator(seed: 0)
    ).to(linear1.weight.device)
    copy.takeOver(from: self)
    return copy
  }
}
