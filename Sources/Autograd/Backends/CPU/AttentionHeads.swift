import COpenBLAS

/// The heads of an attention, each computed by one thread, some queries after the other.
///
/// Products are of 64 queries and 128 keys at a time, which OpenBLAS multiplies without packing them, and which stay in the
/// cache. Measured on an Emerald Rapids: 120 to 150 GFLOP/s with 32 or 64 elements a head, where products of 1024 keys
/// reached 90 to 105.
struct AttentionHeads<T: AttentionElement> {
  private let attention: AttentionExtents
  private let inputs: AttentionInputs<HeadRows>

  private static var mostQueries: Int { 64 }
  private static var mostKeys: Int { 128 }

  init(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>) {
    self.attention = attention
    self.inputs = inputs
  }

  func compute(into result: HeadRows) {
    let (keys, size, valueSize) = (attention.keys, attention.size, attention.valueSize)
    let queries = min(attention.queries, Self.mostQueries)
    let counts = [
      queries * size, keys * size, keys * valueSize, queries * keys, queries * keys, queries * valueSize,
    ]
    forEachHead(passes: 1, scratch: counts) { head, scratch in
      let (query, key, value) = (scratch[0], scratch[1], scratch[2])
      let (scores, weights, output) = (scratch[3], scratch[4], scratch[5])
      copyTransposed(inputs.keys, head, into: key)
      copy(inputs.values, head, 0..<keys, into: value)
      for rows in queryBlocks {
        let visible = attention.visibleKeys(before: rows.upperBound)
        copy(inputs.queries, head, rows, times: T(attention.scale), into: query)
        multiply(query, rows.count, size, byTransposed: key, visible, into: scores)
        normalize(scores, head, rows, visible, into: weights)
        multiply(weights, rows.count, visible, by: value, valueSize, into: output)
        place(output, into: result, head, rows)
      }
    }
  }

  func computeGradient(_ gradient: HeadRows, into results: AttentionInputs<HeadRows>) {
    let (keys, size, valueSize) = (attention.keys, attention.size, attention.valueSize)
    let queries = min(attention.queries, Self.mostQueries)
    let counts = [
      queries * size, keys * size, keys * size, keys * valueSize, queries * valueSize, queries * keys, queries * keys,
      queries * keys, queries * size, keys * size, keys * valueSize,
    ]
    forEachHead(passes: 3, scratch: counts) { head, scratch in
      let (query, key, transposedKey, transposedValue) = (scratch[0], scratch[1], scratch[2], scratch[3])
      let (received, scores, weights, ofScores) = (scratch[4], scratch[5], scratch[6], scratch[7])
      let (ofQuery, ofKey, ofValue) = (scratch[8], scratch[9], scratch[10])
      copy(inputs.keys, head, 0..<keys, into: key)
      copyTransposed(inputs.keys, head, into: transposedKey)
      copyTransposed(inputs.values, head, into: transposedValue)
      ofKey.update(repeating: 0, count: keys * size)
      ofValue.update(repeating: 0, count: keys * valueSize)
      for rows in queryBlocks {
        let visible = attention.visibleKeys(before: rows.upperBound)
        copy(inputs.queries, head, rows, times: T(attention.scale), into: query)
        multiply(query, rows.count, size, byTransposed: transposedKey, visible, into: scores)
        normalize(scores, head, rows, visible, into: weights)
        copy(gradient, head, rows, into: received)
        addTransposed(weights, rows.count, visible, times: received, valueSize, to: ofValue)
        multiply(received, rows.count, valueSize, byTransposed: transposedValue, visible, into: scores)
        forEachRow(of: rows, visible) { at, seen in
          let end = min(seen.roundedUp(to: 32), visible)
          T.softmaxGradient(1, end, scores + at, of: weights + at, ofScores + at)
          (ofScores + at + seen).update(repeating: 0, count: visible - seen)
        }
        addTransposed(ofScores, rows.count, visible, times: query, size, to: ofKey)
        multiply(ofScores, rows.count, visible, by: key, size, into: ofQuery)
        place(ofQuery, times: T(attention.scale), into: results.queries, head, rows)
      }
      place(ofKey, into: results.keys, head, 0..<keys)
      place(ofValue, into: results.values, head, 0..<keys)
    }
  }

  // MARK: - Loops

  private var queryBlocks: [Range<Int>] {
    stride(from: 0, to: attention.queries, by: Self.mostQueries).map {
      $0..<min($0 + Self.mostQueries, attention.queries)
    }
  }

  /// Calls `body` with every head's number and memory for so many elements each.
  private func forEachHead(
    passes: Int, scratch counts: [Int], _ body: @escaping (_ head: Int, _ scratch: [UnsafeMutablePointer<T>]) -> Void
  ) {
    let heads = attention.batch * attention.heads
    let work = attention.multiplications
    let threads = min(LoopThreads.threads(for: passes * (work.keys + work.values)), heads)
    let alignment = 64 / MemoryLayout<T>.stride
    let starts = counts.reduce(into: [0]) { $0.append($0.last! + $1.roundedUp(to: alignment)) }
    let scratch = (0..<threads).map { _ in
      Tensor(uninitialized: [starts.last!], dtype: T.dataType, device: .cpu)
    }
    LoopThreads.shared.share(heads, over: threads) { head, thread in
      body(head, starts.dropLast().map { scratch[thread].pointer(T.self) + $0 })
    }
  }

  /// Calls `body` with where each row of [rows, visible] begins, and how many keys its query sees.
  private func forEachRow(of rows: Range<Int>, _ visible: Int, _ body: (_ at: Int, _ seen: Int) -> Void) {
    for (number, row) in rows.enumerated() {
      body(number * visible, min(attention.visibleKeys(before: row + 1), visible))
    }
  }

  // MARK: - Rows

  private func copy(
    _ source: HeadRows, _ head: Int, _ rows: Range<Int>, times factor: T = 1, into result: UnsafeMutablePointer<T>
  ) {
    let (start, width) = place(of: source, head)
    for (number, row) in rows.enumerated() {
      let (x, y) = (start + row * source.layout.rowStride, result + number * width)
      for i in 0..<width { y[i] = x[i] * factor }
    }
  }

  private func place(
    _ x: UnsafeMutablePointer<T>, times factor: T = 1, into result: HeadRows, _ head: Int, _ rows: Range<Int>
  ) {
    let (start, width) = place(of: result, head)
    for (number, row) in rows.enumerated() {
      let (x, y) = (x + number * width, start + row * result.layout.rowStride)
      for i in 0..<width { y[i] = x[i] * factor }
    }
  }

  /// All rows of keys or values, of each block of keys as [size, keys].
  private func copyTransposed(_ source: HeadRows, _ head: Int, into result: UnsafeMutablePointer<T>) {
    let (start, width) = place(of: source, head)
    for block in keyBlocks(attention.keys) {
      let (x, y) = (start + block.lowerBound * source.layout.rowStride, result + block.lowerBound * width)
      for i in 0..<width {
        for j in 0..<block.count { y[i * block.count + j] = x[j * source.layout.rowStride + i] }
      }
    }
  }

  private func place(of rows: HeadRows, _ head: Int) -> (start: UnsafeMutablePointer<T>, width: Int) {
    (rows.tensor.pointer(T.self) + rows.layout.start(head, heads: attention.heads), rows.layout.width)
  }

  /// The weights that products of queries and keys make, [rows, visible]; a mask is applied to the products.
  private func normalize(
    _ scores: UnsafeMutablePointer<T>, _ head: Int, _ rows: Range<Int>, _ visible: Int,
    into weights: UnsafeMutablePointer<T>
  ) {
    guard attention.mask != nil || attention.isCausal else {
      return T.softmax(rows.count, visible, scores, weights)
    }
    forEachRow(of: rows, visible) { at, seen in
      if let mask = attention.mask, !hide(scores + at, seen, by: mask, head, rows.lowerBound + at / visible) {
        (weights + at).update(repeating: 0, count: visible)
      } else {
        // Rows of whole vectors, whose last elements count for nothing.
        let end = min(seen.roundedUp(to: 32), visible)
        (scores + at + seen).update(repeating: -.infinity, count: end - seen)
        T.softmax(1, end, scores + at, weights + at)
        (weights + at + end).update(repeating: 0, count: visible - end)
      }
    }
  }

  /// Applies a mask to a query's products.
  ///
  /// - Returns: Whether any key is visible.
  private func hide(
    _ row: UnsafeMutablePointer<T>, _ count: Int, by mask: AttentionMask, _ head: Int, _ query: Int
  ) -> Bool {
    let start = mask.offsets[head] + query * mask.rowStride
    if mask.tensor.dtype == .bool {
      let isVisible = mask.tensor.pointer(Bool.self) + start
      for i in 0..<count where !isVisible[i * mask.keyStride] { row[i] = -.infinity }
    } else {
      let added = mask.tensor.pointer(T.self) + start
      for i in 0..<count { row[i] += added[i * mask.keyStride] }
    }
    return (0..<count).contains { row[$0] != -.infinity }
  }

  // MARK: - Products

  private func keyBlocks(_ count: Int) -> [Range<Int>] {
    stride(from: 0, to: count, by: Self.mostKeys).map { $0..<min($0 + Self.mostKeys, count) }
  }

  /// `result`, [rows, visible], = x, [rows, inner], times the first columns of what ``copyTransposed(_:_:into:)`` made.
  private func multiply(
    _ x: UnsafeMutablePointer<T>, _ rows: Int, _ inner: Int, byTransposed y: UnsafeMutablePointer<T>, _ visible: Int,
    into result: UnsafeMutablePointer<T>
  ) {
    for block in keyBlocks(attention.keys) where block.lowerBound < visible {
      let width = min(block.upperBound, visible) - block.lowerBound
      T.product(
        rows, width, inner, x, stride: inner, y + block.lowerBound * inner, stride: block.count,
        into: result + block.lowerBound, stride: visible)
    }
  }

  /// `result`, [rows, columns], = x, [rows, visible], times the first rows of y, [keys, columns].
  private func multiply(
    _ x: UnsafeMutablePointer<T>, _ rows: Int, _ visible: Int, by y: UnsafeMutablePointer<T>, _ columns: Int,
    into result: UnsafeMutablePointer<T>
  ) {
    for block in keyBlocks(visible) {
      T.product(
        rows, columns, block.count, x + block.lowerBound, stride: visible, y + block.lowerBound * columns,
        stride: columns, into: result, stride: columns, adding: block.lowerBound > 0)
    }
  }

  /// Adds the transposed x, [rows, visible], times y, [rows, columns], to the first rows of `result`, [keys, columns].
  private func addTransposed(
    _ x: UnsafeMutablePointer<T>, _ rows: Int, _ visible: Int, times y: UnsafeMutablePointer<T>, _ columns: Int,
    to result: UnsafeMutablePointer<T>
  ) {
    for block in keyBlocks(visible) {
      T.product(
        block.count, columns, rows, transposing: true, x + block.lowerBound, stride: visible, y, stride: columns,
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
