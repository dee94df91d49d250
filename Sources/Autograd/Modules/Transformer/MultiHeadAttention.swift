/// Several attentions side by side on parts of the embedding, as `torch.nn.MultiheadAttention(batch_first=True)`
/// (A. Vaswani et al., arXiv:1706.03762).
///
///     head_i = softmax(Q_i · K_iᵀ / √d) · V_i,  output = [head_1 … head_h] · outProjection
public final class MultiHeadAttention: Module, Layer {
  /// The projections of queries, keys and values, one below the other: [3 · embedding, embedding].
  public let inProjectionWeight: Parameter
  /// [3 · embedding], or `nil`.
  public let inProjectionBias: Parameter?
  /// From the heads' results to the output.
  public let outProjection: Linear
  private let heads: Int
  private let dropout: Double

  /// The names of `torch.nn.MultiheadAttention`.
  override public class var stateNames: [String: String] {
    [
      "inProjectionWeight": "in_proj_weight", "inProjectionBias": "in_proj_bias", "outProjection": "out_proj",
    ]
  }

  /// A layer with PyTorch's initial values: Xavier uniform for the three projections together, biases 0.
  ///
  /// - Parameters:
  ///   - embedding: The size of the last dimension of input and output.
  ///   - heads: The number of attentions, which must divide `embedding`.
  ///   - bias: Whether the projections add biases.
  ///   - dropout: The probability of a weight of the attentions being dropped while training.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ embedding: Int, heads: Int, bias: Bool = true, dropout: Double = 0, dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) {
    precondition(
      heads > 0 && embedding % heads == 0,
      "MultiHeadAttention: \(heads) heads do not divide an embedding of \(embedding)")
    precondition(
      (0...1).contains(dropout), "MultiHeadAttention with dropout of \(dropout), which is not in 0...1")
    self.heads = heads
    self.dropout = dropout
    outProjection = Linear(embedding, embedding, bias: bias, dtype: dtype, generator: generator)
    inProjectionWeight = Parameter(.xavierUniform([3 * embedding, embedding], dtype: dtype, generator: generator))
    inProjectionBias = bias ? Parameter(.zeros([3 * embedding], dtype: dtype)) : nil
    if let bias = outProjection.bias { bias.backend.fill(bias, with: 0) }
  }

  /// Attention of a sequence to itself: [N, L, embedding] → [N, L, embedding], or of one sequence without N.
  public func callAsFunction(_ x: Tensor) -> Tensor { callAsFunction(x, mask: nil) }

  /// Attention of a sequence to itself.
  ///
  /// - Parameters:
  ///   - x: [N, L, embedding], or [L, embedding] of one sequence.
  ///   - mask: As for ``scaledDotProductAttention(_:_:_:mask:isCausal:scale:dropout:)``: true where a place may see another.
  ///   - isCausal: Whether a place sees only those up to itself.
  /// - Returns: Of the shape of `x`.
  public func callAsFunction(_ x: Tensor, mask: Tensor?, isCausal: Bool = false) -> Tensor {
    let projected = batch(x).linear(inProjectionWeight, bias: inProjectionBias)
    let result = mixed([projected], .packed(heads: heads), mask: mask, isCausal: isCausal)
    return x.rank == 2 ? result.squeezed(0) : result
  }

  /// Attention of one sequence to another.
  ///
  /// - Parameters:
  ///   - queries: [N, L, embedding], or, as keys and values then, of one sequence without N.
  ///   - keys: [N, S, embedding].
  ///   - values: [N, S, embedding].
  ///   - mask: As for ``scaledDotProductAttention(_:_:_:mask:isCausal:scale:dropout:)``: true where a query may see a key.
  ///   - isCausal: Whether a query sees only the keys up to its own place.
  /// - Returns: Of the shape of the queries.
  public func callAsFunction(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil, isCausal: Bool = false
  ) -> Tensor {
    let projected = projected(queries, keys, values)
    let result = mixed(projected, .heads(heads), mask: mask, isCausal: isCausal)
    return queries.rank == 2 ? result.squeezed(0) : result
  }

  /// Attention of one sequence to another, or to itself, and the weights by which values were added up, as PyTorch's with
  /// `need_weights=True`. While training, they are those that dropout has left. All weights are in memory at once, so that
  /// it takes longer than without.
  ///
  ///     let (output, weights) = attention.withAttentionWeights(x, x, x)
  ///
  /// - Parameters:
  ///   - queries: [N, L, embedding], or, as keys and values then, of one sequence without N.
  ///   - keys: [N, S, embedding].
  ///   - values: [N, S, embedding].
  ///   - mask: As for ``scaledDotProductAttention(_:_:_:mask:isCausal:scale:dropout:)``: true where a query may see a key.
  ///   - isCausal: Whether a query sees only the keys up to its own place.
  ///   - averagesHeads: Whether the weights are the mean over the heads, PyTorch's `average_attn_weights`.
  /// - Returns: The output, of the shape of the queries, and the weights: [N, L, S], or [N, heads, L, S] of each head.
  public func withAttentionWeights(
    _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil, isCausal: Bool = false,
    averagesHeads: Bool = true
  ) -> (output: Tensor, weights: Tensor) {
    let (mixed, weights) = attentionWithWeights(
      projected(queries, keys, values), .heads(heads), mask: mask, isCausal: isCausal,
      dropout: isTraining ? dropout : 0)
    let shown = averagesHeads ? weights.mean([1]) : weights
    let output = outProjection(mixed)
    return queries.rank == 2 ? (output.squeezed(0), shown.squeezed(0)) : (output, shown)
  }

  private func projected(_ queries: Tensor, _ keys: Tensor, _ values: Tensor) -> [Tensor] {
    let size = inProjectionWeight.shape[1]
    precondition(
      queries.shape.dropLast(2) == keys.shape.dropLast(2) && keys.shape.dropLast(2) == values.shape.dropLast(2),
      "MultiHeadAttention: queries \(queries.shape), keys \(keys.shape) and values \(values.shape) of several batches")
    return [queries, keys, values].enumerated().map { place, input in
      let rows = place * size..<(place + 1) * size
      let (weight, bias) = (inProjectionWeight.sliced(rows), inProjectionBias?.sliced(rows))
      return batch(input).linear(weight, bias: bias)
    }
  }

  /// `x`, whose shape is checked, as a batch.
  private func batch(_ x: Tensor) -> Tensor {
    let size = inProjectionWeight.shape[1]
    precondition(
      (2...3).contains(x.rank) && x.shape.last == size,
      "MultiHeadAttention: shape \(x.shape), expected [N, L, embedding of \(size)], or one sequence without N")
    return x.rank == 2 ? x.unsqueezed(0) : x
  }

  /// The heads' results, projected: [N, L, embedding].
  private func mixed(_ inputs: [Tensor], _ form: AttentionForm, mask: Tensor?, isCausal: Bool) -> Tensor {
    outProjection(attention(inputs, form, mask: mask, isCausal: isCausal, dropout: isTraining ? dropout : 0))
  }
}
