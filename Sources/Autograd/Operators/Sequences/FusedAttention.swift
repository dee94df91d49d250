/// Attention as one operation, which keeps nothing for its gradient but its inputs: that computes the weights of the
/// values again, as in T. Dao et al., arXiv:2205.14135.
struct FusedAttention {
  private let inputs: [Tensor]
  private let form: AttentionForm
  private let extents: AttentionExtents
  private let layouts: AttentionInputs<HeadLayout>
  private let mask: Tensor?
  private let backend: any AttentionBackend
  private let shape: [Int]

  /// - Returns: `nil` where the backend has none for such inputs, or the mask has a gradient.
  init?(_ inputs: [Tensor], _ form: AttentionForm, mask: Tensor?, isCausal: Bool, scale: Double) {
    let first = inputs[0]
    let shapes = form.shapes(inputs)
    let (q, k, v) = (shapes.queries, shapes.keys, shapes.values)
    guard let backend = first.backend.attentionBackend, first.dtype.isFloatingPoint, mask?.requiresGrad != true,
      inputs.allSatisfy({ $0.dtype == first.dtype && $0.device == first.device }),
      q.dropLast(2) == k.dropLast(2) && k.dropLast(2) == v.dropLast(2),
      !(q + k + v).contains(0)
    else { return nil }
    let rows = Array(q.dropLast(1)) + [v[v.count - 1]]
    let heads = if case .separate = form { 1 } else { q[1] }
    self.inputs = inputs
    self.form = form
    self.mask = mask
    self.backend = backend
    layouts = form.layouts(inputs)
    shape = form.resultShape(rows)
    let batch = Shape.count(Array(q.dropLast(2))) / heads
    let (queries, keys) = (q[q.count - 2], k[k.count - 2])
    extents = AttentionExtents(
      batch: batch, heads: heads, queries: queries, keys: keys, size: q[q.count - 1], valueSize: v[v.count - 1],
      scale: scale, isCausal: isCausal,
      mask: mask.map { AttentionMask($0, over: Array(q.dropLast(1)) + [keys]) })
    guard backend.computes(extents, self.rows(of: inputs)) else { return nil }
  }

  /// [..., L, Ev] in the inputs' form.
  func callAsFunction() -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: inputs[0].dtype, device: inputs[0].device)
    backend.attention(extents, rows(of: inputs), into: HeadRows(tensor: result, layout: form.layout(shape)))
    let name: StaticString =
      result.device == .cpu
      ? "ScaledDotProductFlashAttentionForCpuBackward0" : "ScaledDotProductEfficientAttentionBackward0"
    return result.recorded(
      as: name, from: .init(inputs), saving: .init(inputs + (mask.map { [$0] } ?? []))
    ) { gradient, sink in
      guard !isGradEnabled else { return giveRecorded(gradient, to: sink) }
      let results = inputs.map { $0.uninitializedLike() }
      backend.attentionGradient(
        HeadRows(tensor: gradient, layout: form.layout(shape)), extents, rows(of: inputs), into: rows(of: results))
      for (index, result) in results.enumerated() { sink.give(index, result) }
    }
  }

  private func rows(of tensors: [Tensor]) -> AttentionInputs<HeadRows> {
    func tensor(_ index: Int) -> Tensor { tensors.count == 1 ? tensors[0] : tensors[index] }
    return .init(
      queries: HeadRows(tensor: tensor(0), layout: layouts.queries),
      keys: HeadRows(tensor: tensor(1), layout: layouts.keys),
      values: HeadRows(tensor: tensor(2), layout: layouts.values))
  }

  /// The gradients as operations that can be differentiated again.
  private func giveRecorded(_ gradient: Tensor, to sink: GradientSink) {
    let parts = form.split(inputs)
    let weights = attentionWeights(
      parts.queries, parts.keys, mask: mask, isCausal: extents.isCausal, scale: extents.scale)
    let ofResult = form.rows(gradient)
    let ofWeights = ofResult.matmul(parts.values.transposed())
    let ofScores = weights * (ofWeights - (ofWeights * weights).sum([-1], keepingDimensions: true))
    let gradients = form.joined(
      .init(
        queries: ofScores.matmul(parts.keys) * extents.scale,
        keys: ofScores.transposed().matmul(parts.queries) * extents.scale,
        values: weights.transposed().matmul(ofResult)))
    for (index, gradient) in gradients.enumerated() { sink.add(index, gradient) }
  }
}

extension AttentionMask {
  /// A mask that is broadcast to `shape`, [..., queries, keys].
  fileprivate init(_ mask: Tensor, over shape: [Int]) {
    let strides = Shape.broadcastStrides(mask.shape, to: shape)
    self.init(
      tensor: mask.detached(),
      heads: MergedDimensions(shape: shape.dropLast(2), strides: [strides.dropLast(2)]),
      queryStride: strides[shape.count - 2], keyStride: strides[shape.count - 1])
  }
}
