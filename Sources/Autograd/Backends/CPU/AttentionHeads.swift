import COpenBLAS

/// The heads of an attention, each computed by one thread, some queries after the other.
///
/// Products are of 64 queries and 128 keys at a time, which stay in the cache, and which OpenBLAS's kernels for AVX-512
/// multiply without packing them up to 122 elements a head. Measured on an Emerald Rapids: 120 to 150 GFLOP/s with 32 or
/// 64 elements, where products of 1024 keys reached 90 to 105.
struct AttentionHeads<T: AttentionElement> {
  private let attention: AttentionExtents
  private let inputs: AttentionInputs<HeadRows>

  private static var mostQueries: Int { 64 }
  private static var mostKeys: Int { 128 }
  /// What rows of keys are filled up to: whole vectors.
  private static var vector: Int { 16 }

  init(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>) {
    self.attention = attention
    self.inputs = inputs
  }

  /// Keys with those that fill the last vector, which no query sees.
  private var paddedKeys: Int { attention.keys.roundedUp(to: Self.vector) }

  func compute(into result: HeadRows) {
    let (size, valueSize) = (attention.size, attention.valueSize)
    let queries = min(attention.queries, Self.mostQueries)
    let counts = [
      queries * size, paddedKeys * size, paddedKeys * valueSize, queries * paddedKeys, queries * paddedKeys,
      queries * valueSize,
    ]
    forEachHead(passes: 1, scratch: counts) { head, scratch in
      let (query, key, value) = (scratch[0], scratch[1], scratch[2])
      let (scores, weights, output) = (scratch[3], scratch[4], scratch[5])
      copyTransposed(inputs.keys, head, into: key)
      copyPadded(inputs.values, head, into: value)
      for rows in queryBlocks {
        let width = width(of: rows)
        copy(inputs.queries, head, rows, times: T(attention.scale), into: query)
        multiply(query, rows.count, size, byTransposed: key, width, into: scores)
        normalize(scores, head, rows, width, into: weights)
        multiply(weights, rows.count, width, by: value, valueSize, into: output)
        place(output, into: result, head, rows)
      }
    }
  }

  func computeGradient(_ gradient: HeadRows, into results: AttentionInputs<HeadRows>) {
    let (size, valueSize) = (attention.size, attention.valueSize)
    let queries = min(attention.queries, Self.mostQueries)
    let counts = [
      queries * size, paddedKeys * size, paddedKeys * size, paddedKeys * valueSize, queries * valueSize,
      queries * paddedKeys, queries * paddedKeys, queries * paddedKeys, queries * size, paddedKeys * size,
      paddedKeys * valueSize,
    ]
    forEachHead(passes: 3, scratch: counts) { head, scratch in
      let (query, key, transposedKey, transposedValue) = (scratch[0], scratch[1], scratch[2], scratch[3])
      let (received, scores, weights, ofScores) = (scratch[4], scratch[5], scratch[6], scratch[7])
      let (ofQuery, ofKey, ofValue) = (scratch[8], scratch[9], scratch[10])
      copyPadded(inputs.keys, head, into: key)
      copyTransposed(inputs.keys, head, into: transposedKey)
      copyTransposed(inputs.values, head, into: transposedValue)
      ofKey.update(repeating: 0, count: paddedKeys * size)
      ofValue.update(repeating: 0, count: paddedKeys * valueSize)
      for rows in queryBlocks {
        let width = width(of: rows)
        copy(inputs.queries, head, rows, times: T(attention.scale), into: query)
        multiply(query, rows.count, size, byTransposed: transposedKey, width, into: scores)
        normalize(scores, head, rows, width, into: weights)
        copy(gradient, head, rows, into: received)
        addTransposed(weights, rows.count, width, times: received, valueSize, to: ofValue)
        multiply(received, rows.count, valueSize, byTransposed: transposedValue, width, into: scores)
        T.softmaxGradient(rows.count, width, scores, of: weights, ofScores)
        addTransposed(ofScores, rows.count, width, times: query, size, to: ofKey)
        multiply(ofScores, rows.count, width, by: key, size, into: ofQuery)
        place(ofQuery, times: T(attention.scale), into: results.queries, head, rows)
      }
      place(ofKey, into: results.keys, head, 0..<attention.keys)
      place(ofValue, into: results.values, head, 0..<attention.keys)
    }
  }

  // MARK: - Loops

  private var queryBlocks: [Range<Int>] {
    stride(from: 0, to: attention.queries, by: Self.mostQueries).map {
      $0..<min($0 + Self.mostQueries, attention.queries)
    }
  }

  /// The keys that a block of queries is multiplied by, and those that fill the last vector.
  private func width(of rows: Range<Int>) -> Int {
    attention.visibleKeys(before: rows.upperBound).roundedUp(to: Self.vector)
  }

  /// Calls `body` with every head's number and memory for so many elements each.
  private func forEachHead(
    passes: Int, scratch counts: [Int], _ body: @escaping (_ head: Int, _ scratch: [UnsafeMutablePointer<T>]) -> Void
  ) {
    let heads = attention.batch * attention.heads
    let work = attention.multiplications
    let threads = min(LoopThreads.threads(for: passes * (work.keys + work.values)), heads)
    let starts = counts.reduce(into: [0]) { $0.append($0.last! + $1.roundedUp(to: Self.vector)) }
    let scratch = (0..<threads).map { _ in
      Tensor(uninitialized: [starts.last!], dtype: T.dataType, device: .cpu)
    }
    LoopThreads.shared.share(heads, over: threads) { head, thread in
      body(head, starts.dropLast().map { scratch[thread].pointer(T.self) + $0 })
    }
  }

  // MARK: - Rows

  private func copy(
    _ source: HeadRows, _ head: Int, _ rows: Range<Int>, times factor: T = 1, into result: UnsafeMutablePointer<T>
  ) {
    let layout = source.layout
    T.copyRows(
      rows.count, layout.width, start(source, head) + rows.lowerBound * layout.rowStride, layout.rowStride, factor,
      result, layout.width)
  }

  private func place(
    _ x: UnsafeMutablePointer<T>, times factor: T = 1, into result: HeadRows, _ head: Int, _ rows: Range<Int>
  ) {
    let layout = result.layout
    T.copyRows(
      rows.count, layout.width, x, layout.width, factor, start(result, head) + rows.lowerBound * layout.rowStride,
      layout.rowStride)
  }

  /// All rows of keys or values, and zeros.
  private func copyPadded(_ source: HeadRows, _ head: Int, into result: UnsafeMutablePointer<T>) {
    let (keys, width) = (attention.keys, source.layout.width)
    copy(source, head, 0..<keys, into: result)
    (result + keys * width).update(repeating: 0, count: (paddedKeys - keys) * width)
  }

  /// The same, of each block of keys as [size, keys].
  private func copyTransposed(_ source: HeadRows, _ head: Int, into result: UnsafeMutablePointer<T>) {
    let layout = source.layout
    for block in keyBlocks(paddedKeys) {
      let rows = min(block.upperBound, attention.keys) - block.lowerBound
      let columns = result + block.lowerBound * layout.width
      T.transposeRows(
        rows, layout.width, start(source, head) + block.lowerBound * layout.rowStride, layout.rowStride, columns,
        block.count)
      guard rows < block.count else { continue }
      for column in 0..<layout.width {
        (columns + column * block.count + rows).update(repeating: 0, count: block.count - rows)
      }
    }
  }

  private func start(_ rows: HeadRows, _ head: Int) -> UnsafeMutablePointer<T> {
    rows.tensor.pointer(T.self) + rows.layout.start(head, heads: attention.heads)
  }

  /// The weights that products of queries and keys make, [rows, width]; what hides keys is applied to the products.
  private func normalize(
    _ scores: UnsafeMutablePointer<T>, _ head: Int, _ rows: Range<Int>, _ width: Int,
    into weights: UnsafeMutablePointer<T>
  ) {
    for (number, query) in rows.enumerated() {
      let (scores, weights) = (scores + number * width, weights + number * width)
      let seen = attention.visibleKeys(before: query + 1)
      if let mask = attention.mask, !hide(scores, seen, by: mask, head, query) {
        weights.update(repeating: 0, count: width)
        continue
      }
      let end = seen.roundedUp(to: Self.vector)
      (scores + seen).update(repeating: -.infinity, count: end - seen)
      T.softmax(1, end, scores, weights)
      (weights + end).update(repeating: 0, count: width - end)
    }
  }

  /// Applies a mask to a query's products.
  ///
  /// - Returns: Whether any key is visible.
  private func hide(
    _ row: UnsafeMutablePointer<T>, _ count: Int, by mask: AttentionMask, _ head: Int, _ query: Int
  ) -> Bool {
    let start = mask.heads.offset(of: 0, at: head) + query * mask.queryStride
    if mask.tensor.dtype == .bool {
      let isVisible = mask.tensor.pointer(Bool.self) + start
      for i in 0..<count where !isVisible[i * mask.keyStride] { row[i] = -.infinity }
      return (0..<count).contains { isVisible[$0 * mask.keyStride] }
    }
    let added = mask.tensor.pointer(T.self) + start
    var isAnyVisible = false
    for i in 0..<count {
      let summand = added[i * mask.keyStride]
      // Also where the product is infinite or no number.
      row[i] = summand == -.infinity ? summand : row[i] + summand
      isAnyVisible = isAnyVisible || summand != -.infinity
    }
    return isAnyVisible
  }

  // MARK: - Products

  private func keyBlocks(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: Self.mostKeys).map { $0..<min($0 + Self.mostKeys, count) }
  }

  /// `result`, [rows, width], = x, [rows, inner], times the first columns of what ``copyTransposed(_:_:into:)`` made.
  private func multiply(
    _ x: UnsafeMutablePointer<T>, _ rows: Int, _ inner: Int, byTransposed y: UnsafeMutablePointer<T>, _ width: Int,
    into result: UnsafeMutablePointer<T>
  ) {
    for block in keyBlocks(paddedKeys) where block.lowerBound < width {
      T.product(
        rows, min(block.upperBound, width) - block.lowerBound, inner, x, stride: inner, y + block.lowerBound * inner,
        stride: block.count, into: result + block.lowerBound, stride: width)
    }
  }

  /// `result`, [rows, columns], = x, [rows, width], times the first rows of y, [keys, columns].
  private func multiply(
    _ x: UnsafeMutablePointer<T>, _ rows: Int, _ width: Int, by y: UnsafeMutablePointer<T>, _ columns: Int,
    into result: UnsafeMutablePointer<T>
  ) {
    for block in keyBlocks(width) {
      T.product(
        rows, columns, block.count, x + block.lowerBound, stride: width, y + block.lowerBound * columns,
        stride: columns, into: result, stride: columns, adding: block.lowerBound > 0)
    }
  }

  /// Adds the transposed x, [rows, width], times y, [rows, columns], to the first rows of `result`, [keys, columns].
  private func addTransposed(
    _ x: UnsafeMutablePointer<T>, _ rows: Int, _ width: Int, times y: UnsafeMutablePointer<T>, _ columns: Int,
    to result: UnsafeMutablePointer<T>
  ) {
    for block in keyBlocks(width) {
      T.product(
        block.count, columns, rows, transposing: true, x + block.lowerBound, stride: width, y, stride: columns,
        into: result + block.lowerBound * columns, stride: columns, adding: true)
    }
  }
}

extension BLASElement {
  /// `c` = a · b, or that added to `c`; with `transposing`, a is [inner, rows] in memory.
  fileprivate static func product(
    _ rows: Int, _ columns: Int, _ inner: Int, transposing: Bool = false, _ a: UnsafePointer<Self>,
    stride aStride: Int, _ b: UnsafePointer<Self>, stride bStride: Int, into c: UnsafeMutablePointer<Self>,
    stride cStride: Int, adding: Bool = false
  ) {
    gemm(
      transposing ? CblasTrans : CblasNoTrans, CblasNoTrans, Int32(rows), Int32(columns), Int32(inner), a,
      Int32(aStride), b, Int32(bStride), adding ? 1 : 0, c, Int32(cStride))
  }
}
