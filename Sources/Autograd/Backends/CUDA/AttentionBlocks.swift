/// An attention on a GPU, by products of as many heads and queries at a time as have scores that stay in its cache.
///
/// Nothing is kept for the gradient, which computes the weights again: T. Dao et al., arXiv:2205.14135.
struct AttentionBlocks {
  private let backend: CUDABackend
  private let attention: AttentionExtents
  private let inputs: AttentionInputs<HeadRows>
  private let dtype: DataType

  private static let mostScoreBytes = 16 << 20
  /// Where a query sees only the keys up to its own place, fewer are multiplied by keys that only later ones see.
  private static let mostCausalQueries = 512

  init(_ backend: CUDABackend, _ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>) {
    self.backend = backend
    self.attention = attention
    self.inputs = inputs
    dtype = inputs.queries.tensor.dtype
  }

  func compute(into result: HeadRows) {
    let scores = scratch()
    forEachBlock { block in
      let all = operands(
        [
          .rows(of: inputs.queries, from: block.firstQuery), .rows(of: inputs.keys), .rows(of: inputs.values),
          .rows(of: result, from: block.firstQuery), .scores(scores, of: block, headsOfBatch: attention.heads),
        ], of: block)
      let (queries, keys, values, results, weights) = (all[0], all[1], all[2], all[3], all[4])
      multiply(
        queries, keys.transposed, into: weights, block.heads, (block.queries, block.keys), inner: attention.size,
        scale: attention.scale)
      normalize(scores, block)
      multiply(
        weights, values, into: results, block.heads, (block.queries, attention.valueSize), inner: block.keys)
    }
  }

  func computeGradient(_ gradient: HeadRows, into results: AttentionInputs<HeadRows>) {
    let (weights, ofWeights) = (scratch(), scratch())
    let (size, valueSize, scale) = (attention.size, attention.valueSize, attention.scale)
    forEachBlock { block in
      let all = operands(
        [
          .rows(of: inputs.queries, from: block.firstQuery), .rows(of: inputs.keys), .rows(of: inputs.values),
          .rows(of: gradient, from: block.firstQuery), .scores(weights, of: block, headsOfBatch: attention.heads),
          .scores(ofWeights, of: block, headsOfBatch: attention.heads),
          .rows(of: results.queries, from: block.firstQuery), .rows(of: results.keys), .rows(of: results.values),
        ], of: block)
      let (q, k, v, g, w, dw) = (all[0], all[1], all[2], all[3], all[4], all[5])
      let (dq, dk, dv) = (all[6], all[7], all[8])
      let (heads, queries, keys, adding) = (block.heads, block.queries, block.keys, !block.isFirst)
      multiply(q, k.transposed, into: w, heads, (queries, keys), inner: size, scale: scale)
      normalize(weights, block)
      multiply(w.transposed, g, into: dv, heads, (keys, valueSize), inner: queries, adding: adding)
      multiply(g, v.transposed, into: dw, heads, (queries, keys), inner: valueSize)
      backend.launch(
        "attention_weights_gradient_\(dtype.suffix)", in: .attention, rows: heads * queries, of: keys,
        heads * queries, keys, block.pitch, weights.address, ofWeights.address)
      multiply(dw, k, into: dq, heads, (queries, size), inner: keys, scale: scale)
      multiply(dw.transposed, q, into: dk, heads, (keys, size), inner: queries, scale: scale, adding: adding)
    }
  }

  /// Scores to weights, in their place.
  private func normalize(_ scores: Tensor, _ block: AttentionBlock) {
    backend.launch(
      "attention_weights_\(dtype.suffix)", in: .attention, rows: block.heads * block.queries, of: block.keys,
      block.heads, block.queries, block.keys, block.pitch, block.firstHead, block.firstQuery,
      Int32(attention.isCausal ? 1 : 0), KernelMask(attention.mask), scores.address)
  }

  /// `count` products c = scale · op(a) · op(b), or those added to c.
  private func multiply(
    _ a: AddressedMatrices, _ b: AddressedMatrices, into c: AddressedMatrices, _ count: Int,
    _ size: (rows: Int, columns: Int), inner: Int, scale: Double = 1, adding: Bool = false
  ) {
    backend.device.enter()
    backend.device.matrices.multiplyEach(
      a.operand, b.operand, into: c.operand, rows: size.rows, columns: size.columns, inner: inner, count: count,
      scale: scale, adding: adding, dtype == .float64 ? .float64 : .float32,
      dtype == .float64 ? .float64 : ProductPrecision.current.arithmetic)
    extendLifetime((a, b, c))
  }

  // MARK: - Blocks

  /// The most queries of a head, and the most heads, that are computed at a time.
  private var most: (queries: Int, heads: Int) {
    let room = Self.mostScoreBytes / dtype.byteCount
    let pitch = AttentionBlock.pitch(attention.keys)
    let queries = min(attention.queries, attention.isCausal ? Self.mostCausalQueries : .max, max(room / pitch, 1))
    return (queries, min(attention.batch * attention.heads, max(room / (queries * pitch), 1)))
  }

  /// Memory for the scores of one block.
  private func scratch() -> Tensor {
    backend.scratch(most.queries * most.heads * AttentionBlock.pitch(attention.keys), dtype)
  }

  /// From the last queries of each head, which see all keys that any sees, to the first.
  private func forEachBlock(_ body: (AttentionBlock) -> Void) {
    let most = most, heads = attention.batch * attention.heads
    for firstHead in stride(from: 0, to: heads, by: most.heads) {
      for firstQuery in stride(from: 0, to: attention.queries, by: most.queries).reversed() {
        let end = min(firstQuery + most.queries, attention.queries)
        let isFirst = end == attention.queries
        body(
          AttentionBlock(
            firstHead: firstHead, heads: min(most.heads, heads - firstHead), firstQuery: firstQuery,
            queries: end - firstQuery, keys: isFirst ? attention.keys : attention.visibleKeys(before: end),
            isFirst: isFirst))
      }
    }
  }

  /// The addresses of the matrices of a block's heads, kind by kind. What is recorded finds the matrices where they were.
  private func addresses(of kinds: [HeadMatrices], _ block: AttentionBlock) -> Tensor {
    let (backend, headsOfBatch, count) = (backend, attention.heads, kinds.count * block.heads)
    func write(_ addresses: Tensor) {
      backend.launch(
        "head_addresses", in: .attention, over: addresses.count, AllHeadMatrices(kinds), block.firstHead, block.heads,
        headsOfBatch, addresses.address)
    }
    if let constants = ThreadState.current.recordedConstants {
      return constants.append(count, .int64, write: write)
    }
    let addresses = backend.scratch(count, .int64)
    write(addresses)
    return addresses
  }

  /// The matrices of a block's heads, of each kind.
  private func operands(_ kinds: [HeadMatrices], of block: AttentionBlock) -> [AddressedMatrices] {
    let addresses = addresses(of: kinds, block)
    return kinds.enumerated().map { place, kind in
      AddressedMatrices(
        addresses: addresses.part(at: place * block.heads, shape: [block.heads]), rowStride: kind.rowStride)
    }
  }
}

/// Some heads of an attention, some of their queries, and the keys that those see.
struct AttentionBlock {
  let firstHead: Int
  let heads: Int
  let firstQuery: Int
  let queries: Int
  let keys: Int
  /// Whether it is the first one of its heads.
  let isFirst: Bool

  /// Elements from the scores of one query to those of the next.
  var pitch: Int { Self.pitch(keys) }

  /// So many that every query's scores begin at a multiple of 16 bytes.
  static func pitch(_ keys: Int) -> Int { keys.roundedUp(to: 4) }
}

/// A matrix of each head of a block, by addresses in the GPU's memory.
private struct AddressedMatrices {
  let addresses: Tensor
  let rowStride: Int
  var isTransposed = false

  var transposed: AddressedMatrices {
    AddressedMatrices(addresses: addresses, rowStride: rowStride, isTransposed: !isTransposed)
  }

  var operand: MatrixLibrary.Operand {
    .init(address: addresses.address, isTransposed: isTransposed, rowStride: rowStride)
  }
}
