/// Attention head by head, so that the products of queries and keys need no memory for all of them.
protocol AttentionBackend: Sendable {
  /// Whether it can compute one of such inputs.
  func computes(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>) -> Bool
  /// The result of an attention.
  func attention(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>, into result: HeadRows)
  /// The gradients of its queries, keys and values, which are overwritten.
  func attentionGradient(
    _ gradient: HeadRows, _ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>,
    into results: AttentionInputs<HeadRows>)
}

extension Backend {
  var attentionBackend: (any AttentionBackend)? { nil }
}

/// What an attention has one of each for its queries, its keys and its values.
struct AttentionInputs<Element> {
  let queries: Element
  let keys: Element
  let values: Element
}

/// Sizes of an attention, none of which is 0, and which keys a query sees.
struct AttentionExtents {
  let batch: Int
  let heads: Int
  /// Rows of queries and of keys, of each head.
  let queries: Int
  let keys: Int
  /// Elements of a query or key, and of a value.
  let size: Int
  let valueSize: Int
  /// What the products are multiplied by.
  let scale: Double
  /// Whether a query sees only the keys up to its own place.
  let isCausal: Bool
  let mask: AttentionMask?

  /// The keys that the queries before `end` see: no query after them sees fewer.
  func visibleKeys(before end: Int) -> Int { isCausal ? min(end, keys) : keys }

  /// The multiplications of the products with keys, and of those with values.
  var multiplications: (keys: Int, values: Int) {
    let seen = (1...queries).reduce(0) { $0 + visibleKeys(before: isCausal ? $1 : keys) }
    return (batch * heads * seen * size, batch * heads * seen * valueSize)
  }

  /// The elements of queries, keys, values and results.
  var elementCount: Int { batch * heads * (queries + keys) * (size + valueSize) }
}

/// What is visible to a query, or added to its products, by element (query, key) of each head.
struct AttentionMask {
  /// `bool`, or numbers of the inputs' type.
  let tensor: Tensor
  /// How each head's first element is found.
  let heads: MergedDimensions
  let queryStride: Int
  let keyStride: Int
}

/// The rows of each head of an attention in a tensor.
struct HeadRows {
  let tensor: Tensor
  let layout: HeadLayout
}

/// Where the rows of each head lie.
struct HeadLayout {
  /// Elements of a row.
  let width: Int
  let offset: Int
  let batchStride: Int
  let headStride: Int
  let rowStride: Int

  /// The first element of head number `number` of all batches.
  func start(_ number: Int, heads: Int) -> Int {
    let (batch, head) = number.quotientAndRemainder(dividingBy: heads)
    return offset + batch * batchStride + head * headStride
  }
}
