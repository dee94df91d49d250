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
///   - isCausal: Whether a query sees only the keys up to its own place.
///   - scale: What the products are multiplied by; 1 / √E if left out.
///   - dropout: The probability of a weight being dropped, the others being divided by that of being kept: 0 in evaluation.
/// - Returns: [..., L, Ev].
public func scaledDotProductAttention(
  _ queries: Tensor, _ keys: Tensor, _ values: Tensor, mask: Tensor? = nil, isCausal: Bool = false,
  scale: Double? = nil, dropout: Double = 0
) -> Tensor {
  let (q, k, v) = (queries.shape, keys.shape, values.shape)
  precondition(
    q.count >= 2 && k.count >= 2 && v.count >= 2 && q.last == k.last && k[k.count - 2] == v[v.count - 2],
    "attention needs queries [..., L, E], keys [..., S, E] and values [..., S, Ev], not \(q), \(k) and \(v)")
  if let mask {
    precondition(
      mask.dtype == .bool || mask.dtype == queries.dtype,
      "attention with a mask of \(mask.dtype): needs bool, or \(queries.dtype) as the queries, to add to the products")
  }
  precondition(mask == nil || !isCausal, "attention takes a mask or is causal, not both")
  let factor = scale ?? 1 / Double(q[q.count - 1]).squareRoot()
  let scores = (queries * factor).matmul(keys.transposed())
  guard let mask = (isCausal ? causalMask(q[q.count - 2], k[k.count - 2]) : mask)?.to(queries.device) else {
    return scores.softmax(-1).dropout(probability: dropout).matmul(values)
  }
  let (masked, hidden) = mask.dtype == .bool ? (scores, !mask) : (scores + mask, mask .== -Double.infinity)
  // The second filling is for rows without any visible key, whose softmax is NaN; the first keeps that from the gradient.
  let weights = masked.filled(with: -.infinity, where: hidden).softmax(-1).filled(with: 0, where: hidden)
  return weights.dropout(probability: dropout).matmul(values)
}

/// True for the places on and below the diagonal: [rows, columns].
private func causalMask(_ rows: Int, _ columns: Int) -> Tensor {
  Tensor(shape: [rows, columns], of: Bool.self) { elements in
    for row in 0..<rows {
      for column in 0..<columns { elements[row * columns + column] = column <= row }
    }
  }
}
