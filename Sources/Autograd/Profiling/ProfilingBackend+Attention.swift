extension ProfilingBackend {
  var attentionBackend: (any AttentionBackend)? {
    base.attentionBackend.map { ProfiledAttention(base: $0, backend: self) }
  }
}

/// Attentions, each recorded.
private struct ProfiledAttention<Base: Backend>: AttentionBackend {
  let base: any AttentionBackend
  let backend: ProfilingBackend<Base>

  func computes(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>) -> Bool {
    base.computes(attention, inputs)
  }

  func attention(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>, into result: HeadRows) {
    let (keys, values) = attention.multiplications
    backend.recorded(work("attention", attention, result, flops: 2 * (keys + values), passes: 1)) {
      base.attention(attention, inputs, into: result)
    }
  }

  func attentionGradient(
    _ gradient: HeadRows, _ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>,
    into results: AttentionInputs<HeadRows>
  ) {
    let (keys, values) = attention.multiplications
    backend.recorded(work("attentionGradient", attention, gradient, flops: 2 * (3 * keys + 2 * values), passes: 2)) {
      base.attentionGradient(gradient, attention, inputs, into: results)
    }
  }

  /// Work that reads or writes queries, keys, values and results so many times.
  private func work(
    _ name: String, _ a: AttentionExtents, _ rows: HeadRows, flops: Int, passes: Int
  ) -> OperatorWork {
    OperatorWork(
      name, .shape([a.batch, a.heads, a.queries, a.keys, a.size]), flops: flops,
      bytes: passes * a.elementCount * rows.tensor.dtype.byteCount)
  }
}
