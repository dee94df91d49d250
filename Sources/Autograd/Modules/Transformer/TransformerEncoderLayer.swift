/// Attention of a sequence to itself and a network of two layers for each place, each added to what it is given and
/// normalized, as `torch.nn.TransformerEncoderLayer(batch_first=True)` (A. Vaswani et al., arXiv:1706.03762).
///
///     y = norm1(x + dropout1(attention(x)))
///     z = norm2(y + dropout2(linear2(dropout(activation(linear1(y))))))
///
/// With `normFirst` it is what attention and network are given that is normalized (R. Xiong et al., arXiv:2002.04745):
///
///     y = x + dropout1(attention(norm1(x))),  z = y + dropout2(linear2(dropout(activation(linear1(norm2(y))))))
public final class TransformerEncoderLayer: Module, Layer {
  /// What the network for each place has between its layers.
  public enum Activation: Sendable {
    /// max(x, 0).
    case relu
    /// x · Φ(x), as ``Tensor/gelu(approximation:)``.
    case gelu
  }

  /// The sizes and settings of a layer.
  public struct Options: Sendable {
    /// The size of the network's hidden layer.
    public var feedForward: Int
    /// The probability of being dropped while training, of attention's weights, its results, and the network's hidden and
    /// last values.
    public var dropout: Double
    /// What the network has between its layers.
    public var activation: Activation
    /// What the normalizations add to the variance.
    public var epsilon: Double
    /// Whether normalizations come first.
    public var normFirst: Bool
    /// Whether projections, linear layers and normalizations have biases.
    public var bias: Bool

    /// PyTorch's defaults.
    public init(
      feedForward: Int = 2048, dropout: Double = 0.1, activation: Activation = .relu, epsilon: Double = 1e-5,
      normFirst: Bool = false, bias: Bool = true
    ) {
      self.feedForward = feedForward
      self.dropout = dropout
      self.activation = activation
      self.epsilon = epsilon
      self.normFirst = normFirst
      self.bias = bias
    }
  }

  /// Of the sequence to itself.
  public let selfAttention: MultiHeadAttention
  /// From the embedding to the hidden layer.
  public let linear1: Linear
  /// From the hidden layer to the embedding.
  public let linear2: Linear
  /// After the attention, or before it.
  public let norm1: LayerNorm
  /// After the network, or before it.
  public let norm2: LayerNorm
  private let dropout: Dropout
  private let dropout1: Dropout
  private let dropout2: Dropout
  private let embedding: Int
  private let heads: Int
  private let options: Options

  /// The names of `torch.nn.TransformerEncoderLayer`.
  override public class var stateNames: [String: String] { ["selfAttention": "self_attn"] }

  /// A layer with PyTorch's initial values.
  ///
  /// - Parameters:
  ///   - embedding: The size of the last dimension of input and output.
  ///   - heads: The number of attentions, which must divide `embedding`.
  ///   - options: All else.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ embedding: Int, heads: Int, _ options: Options = Options(), dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) {
    precondition(
      options.feedForward > 0, "TransformerEncoderLayer with \(options.feedForward) hidden values, expected at least 1")
    self.embedding = embedding
    self.heads = heads
    self.options = options
    selfAttention = MultiHeadAttention(
      embedding, heads: heads, bias: options.bias, dropout: options.dropout, dtype: dtype, generator: generator)
    linear1 = Linear(embedding, options.feedForward, bias: options.bias, dtype: dtype, generator: generator)
    linear2 = Linear(options.feedForward, embedding, bias: options.bias, dtype: dtype, generator: generator)
    norm1 = LayerNorm([embedding], epsilon: options.epsilon, bias: options.bias, dtype: dtype)
    norm2 = LayerNorm([embedding], epsilon: options.epsilon, bias: options.bias, dtype: dtype)
    dropout = Dropout(options.dropout)
    dropout1 = Dropout(options.dropout)
    dropout2 = Dropout(options.dropout)
  }

  /// [N, L, embedding] → [N, L, embedding], or of one sequence without N. Every place sees all.
  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, mask: nil) }

  /// The layer with places that do not see others.
  ///
  /// - Parameters:
  ///   - x: [N, L, embedding], or [L, embedding] of one sequence.
  ///   - mask: As for ``scaledDotProductAttention(_:_:_:mask:isCausal:scale:dropout:)``: true where a place may see
  ///     another, broadcast to [N, heads, L, L]; [N, 1, 1, L] is true for the places that are no padding.
  ///   - isCausal: Whether a place sees only those up to itself.
  /// - Returns: Of the shape of `x`.
  public func callAsFunction(_ x: Tensor, mask: Tensor?, isCausal: Bool = false) -> Tensor {
    func attended(_ x: Tensor) -> Tensor { dropout1(selfAttention(x, mask: mask, isCausal: isCausal)) }
    guard !options.normFirst else {
      let y = x + attended(norm1(x))
      return y + transformed(norm2(y))
    }
    let y = norm1(x + attended(x))
    return norm2(y + transformed(y))
  }

  private func transformed(_ x: Tensor) -> Tensor {
    dropout2(linear2(dropout(options.activation.applied(to: linear1, of: x))))
  }

  /// Another layer with the same values in memory of its own.
  func copied() -> TransformerEncoderLayer {
    let copy = TransformerEncoderLayer(
      embedding, heads: heads, options, dtype: linear1.weight.dtype, generator: RandomGenerator(seed: 0)
    ).to(linear1.weight.device)
    copy.takeOver(from: self)
    return copy
  }
}

extension TransformerEncoderLayer.Activation {
  /// A linear layer's result with this activation.
  func applied(to linear: Linear, of x: Tensor) -> Tensor {
    x.linear(linear.weight, bias: linear.bias, followedBy: self == .relu ? .relu : .gelu(.none))
  }
}

extension Module {
  /// Makes the parameters, and what is frozen or in training, those of a module of the same architecture.
  func takeOver(from other: Module) {
    for (parameter, original) in zip(parameters, other.parameters) {
      parameter.assign(original.detached())
      parameter.requiresGrad = original.requiresGrad
    }
    for (part, original) in zip(modules, other.modules) { part.train(original.isTraining) }
  }
}
