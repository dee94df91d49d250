extension Tensor {
  /// The matrix product, with `torch.matmul`'s rules.
  ///
  /// Two vectors give a scalar, a matrix and a vector give a vector. Dimensions before the last two are a batch of
  /// matrices and are broadcast.
  public func matmul(_ other: Tensor) -> Tensor {
    precondition(
      rank > 0 && other.rank > 0, "matmul of shapes \(shape) and \(other.shape): both need at least one dimension")
    requireSameDevice(other, for: "matmul")
    let (x, y) = Self.promoted(self, other)
    let a = x.rank == 1 ? x.reshaped([1, x.shape[0]]) : x
    let b = y.rank == 1 ? y.reshaped([y.shape[0], 1]) : y
    precondition(
      a.shape[a.rank - 1] == b.shape[b.rank - 2],
      "matmul of shapes \(shape) and \(other.shape): \(a.shape[a.rank - 1]) columns do not meet \(b.shape[b.rank - 2]) rows"
    )
    let product = Self.batchedProduct(a, b)
    var result = Array(product.shape.dropLast(2))
    if x.rank > 1 { result.append(a.shape[a.rank - 2]) }
    if y.rank > 1 { result.append(b.shape[b.rank - 1]) }
    return product.shape == result ? product : product.reshaped(result)
  }

  /// The products of two batches of matrices, op(a) · op(b), where op may transpose.
  private static func batchedProduct(
    _ a: Tensor, _ b: Tensor, transposingFirst: Bool = false, transposingSecond: Bool = false
  ) -> Tensor {
    var (rows, inner) = (a.shape[a.rank - 2], a.shape[a.rank - 1])
    if transposingFirst { swap(&rows, &inner) }
    let columns = b.shape[transposingSecond ? b.rank - 2 : b.rank - 1]
    let batch = Shape.broadcast(Array(a.shape.dropLast(2)), Array(b.shape.dropLast(2)))
    let product = MatrixProduct(
      rows: rows, columns: columns, inner: inner, transposesFirst: transposingFirst,
      transposesSecond: transposingSecond, offsets: Array(zip(a.matrixOffsets(in: batch), b.matrixOffsets(in: batch))))
    let result = Tensor(uninitialized: batch + [rows, columns], dtype: a.dtype, device: a.device)
    result.backend.matrixProduct(product, a, b, into: result, adding: false)
    let saved: ShortList = a.requiresGrad ? (b.requiresGrad ? [a, b] : [b]) : [a]
    return result.recorded(
      as: batch.isEmpty ? "MmBackward0" : "BmmBackward0", from: [a, b], saving: saved
    ) { gradient, inputs in
      let first =
        transposingFirst
        ? batchedProduct(b, gradient, transposingFirst: transposingSecond, transposingSecond: true)
        : nil
      inputs.add(
        0, (first ?? batchedProduct(gradient, b, transposingSecond: !transposingSecond)).summed(to: a.shape))
      inputs.add(
        1,
        (transposingSecond
          ? batchedProduct(gradient, a, transposingFirst: true, transposingSecond: transposingFirst)
          : batchedProduct(a, gradient, transposingFirst: !transposingFirst)).summed(to: b.shape))
    }
  }

  /// Where each matrix of the batch begins when this tensor's batch is broadcast to `batch`.
  private func matrixOffsets(in batch: [Int]) -> [Int] {
    let own = Array(shape.dropLast(2))
    let size = shape[rank - 2] * shape[rank - 1]
    if own == batch { return (0..<Shape.count(batch)).map { $0 * size } }
    let strides = Shape.broadcastStrides(own, to: batch)
    return (0..<Shape.count(batch)).map { place in
      var (rest, offset) = (place, 0)
      for dimension in batch.indices.reversed() {
        offset += rest % batch[dimension] * strides[dimension]
        rest /= batch[dimension]
      }
      return offset * size
    }
  }
}
