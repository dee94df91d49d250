/// Every query's mean of the values, weighted by the softmax of its products with the keys, as
/// `torch.nn.functional.scaled_dot_product_attention` (Vaswani et al., arXiv:1706.03762):
///
///     softmax(Q · Kᵀ · scale) · V
///
/// - Parameters:
///   - queries: [..., L, E].
///   - keys: [..., S, E].
///   - values: [..., S, Ev].
///   - mask: Broadcast to [..., L, S]: `bool`, true where a query may see a key, or numbers of the queries' type that
///     are added to the products.
///     A query that may see none gets zeros.
///   - isCausal: Whether a query sees only the keys up to its own place; with a mask, those of them that it shows.
///   - scale: What the products are multiplied by; 1 / √E if left out.
///   - dropout: The probability of a weight being dropped, the others being divided by that of being kept: 0 in evaluation.
/// - Returns: [..., L, Ev].
public func scaledDotProductAttention(
  _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil, isCausal: Bool = false,
  scale: Double? = nil, dropout: Double = 0
) -> Tensor {
  let (q, k, v) = (queries.shape, keys.shape, values.shape)
  precondition(
    q.count >= 2 && k.count >= 2 && v.count >= 2, "attention of \(q), \(k) and \(v): needs [..., rows, elements]")
  return attention([queries, keys, values], .separate, mask: mask, isCausal: isCausal, scale: scale, dropout: dropout)
}

/// Attention with inputs and result in one of several forms.
func attention(
  _ inputs: [Tensor], _ form: AttentionForm, mask: Tensor?, isCausal: Bool, scale: Double? = nil, dropout: Double
) -> Tensor {
  requireFittingShapes(inputs, form, mask: mask)
  let q = form.shapes(inputs).queries
  if isCausal, let mask {
    let visible = causal(mask, inputs, form)
    return attention(inputs, form, mask: visible, isCausal: false, scale: scale, dropout: dropout)
  }
  let mask = mask?.to(inputs[0].device)
  let scale = scale ?? 1 / Double(q[q.count - 1]).squareRoot()
  if dropout == 0, let fused = FusedAttention(inputs, form, mask: mask, isCausal: isCausal, scale: scale) {
    return fused()
  }
  let parts = form.split(inputs)
  let weights = attentionWeights(parts.queries, parts.keys, mask: mask, isCausal: isCausal, scale: scale)
  return form.join(weights.dropout(probability: dropout).matmul(parts.values))
}

/// The same, and the weights that the values are multiplied by, [..., L, S], after dropout.
func attentionWithWeights(
  _ inputs: [Tensor], _ form: AttentionForm, mask: Tensor?, isCausal: Bool, dropout: Double
) -> (result: Tensor, weights: Tensor) {
  requireFittingShapes(inputs, form, mask: mask)
  let visible = isCausal ? mask.map { causal($0, inputs, form) } : mask?.to(inputs[0].device)
  let parts = form.split(inputs)
  let weights = attentionWeights(
    parts.queries, parts.keys, mask: visible, isCausal: isCausal && visible == nil,
    scale: 1 / Double(parts.queries.shape[parts.queries.rank - 1]).squareRoot()
  ).dropout(probability: dropout)
  return (form.join(weights.matmul(parts.values)), weights)
}

/// A mask that hides what comes after a query, too.
private func causal(_ mask: Tensor, _ inputs: [Tensor], _ form: AttentionForm) -> Tensor {
  let (q, k) = (form.shapes(inputs).queries, form.shapes(inputs).keys)
  let causal = causalMask(q[q.count - 2], k[k.count - 2], device: inputs[0].device)
  return mask.to(causal.device).restricted(by: causal)
}

private func requireFittingShapes(_ inputs: [Tensor], _ form: AttentionForm, mask: Tensor?) {
  let shapes = form.shapes(inputs)
  let (q, k, v) = (shapes.queries, shapes.keys, shapes.values)
  precondition(
    q.last == k.last && k[k.count - 2] == v[v.count - 2],
    "attention needs queries [..., L, E], keys [..., S, E] and values [..., S, Ev], not \(q), \(k) and \(v)")
  if let mask {
    let scores = Shape.broadcast(Array(q.dropLast(2)), Array(k.dropLast(2))) + [q[q.count - 2], k[k.count - 2]]
    precondition(
      mask.rank <= scores.count && zip(mask.shape.reversed(), scores.reversed()).allSatisfy { $0 == $1 || $0 == 1 },
      "attention with a mask of shape \(mask.shape), which does not broadcast to [..., L, S], here \(scores)")
    precondition(
      mask.dtype == .bool || mask.dtype == inputs[0].dtype,
      "attention with a mask of \(mask.dtype): needs bool, or \(inputs[0].dtype) as the queries, to add to the products"
    )
  }
}

/// What the values are multiplied by: [..., L, S].
func attentionWeights(
  _ queries: Tensor, _ keys: Tensor, mask: Tensor?, isCausal: Bool, scale: Double
) -> Tensor {
  let scores = (queries * scale).matmul(keys.transposed())
  let (rows, columns) = (queries.shape[queries.rank - 2], keys.shape[keys.rank - 2])
  let causal = isCausal ? causalMask(rows, columns, device: queries.device) : nil
  guard let mask = causal ?? mask else { return scores.softmax(-1) }
  let (masked, hidden) = mask.dtype == .bool ? (scores, !mask) : (scores + mask, mask .== -Double.infinity)
  // The second filling is for rows without any visible key, whose softmax is NaN; the first keeps that from the gradient.
  return masked.filled(with: -.infinity, where: hidden).softmax(-1).filled(with: 0, where: hidden)
}

/// True for the places on and below the diagonal: [rows, columns].
private func causalMask(_ rows: Int, _ columns: Int, device: Device) -> Tensor {
  let (row, column) = (Tensor.arange(rows, device: device), Tensor.arange(columns, device: device))
  return column.unsqueezed(0) .<= row.unsqueezed(1)
}

extension Tensor {
  /// This mask of an attention where `visible` is true, and elsewhere one that hides the key.
  fileprivate func restricted(by visible: Tensor) -> Tensor {
    dtype == .bool ? self .& visible : .select(visible, self, scalar(-.infinity))
  }
}
