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
    return product.reshaped(result)
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
    let saved = (b.requiresGrad ? [a] : []) + (a.requiresGrad ? [b] : [])
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

  /// x · weightᵀ + bias.
  ///
  /// - Parameters:
  ///   - weight: [out, in].
  ///   - bias: [out], or `nil`.
  /// - Returns: [..., out] for this tensor's [..., in].
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor {
    precondition(
      rank > 0 && weight.rank == 2 && shape[rank - 1] == weight.shape[1],
      "linear of shape \(shape) with weight \(weight.shape): the last dimension must be the weight's second")
    precondition(
      bias == nil || bias?.shape == [weight.shape[0]],
      "linear with weight \(weight.shape) and bias \(bias?.shape ?? []): the bias must have the weight's first dimension"
    )
    precondition(
      weight.dtype == dtype && (bias?.dtype ?? dtype) == dtype,
      "linear of \(dtype) with weight of \(weight.dtype) and bias of \(bias?.dtype ?? dtype): all must have one type")
    requireSameDevice(weight, bias, for: "linear")
    let x = self
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let rows = inputs == 0 ? Shape.count(Array(shape.dropLast())) : count / inputs
    let result = Tensor(uninitialized: shape.dropLast() + [outputs], dtype: dtype, device: device)
    if let bias {
      backend.copy(bias, offset: 0, strides: Shape.broadcastStrides([outputs], to: result.shape), into: result)
    }
    backend.matrixProduct(
      MatrixProduct(rows: rows, columns: outputs, inner: inputs, transposesSecond: true), x, weight, into: result,
      adding: bias != nil)
    let saved = (weight.requiresGrad ? [x] : []) + (x.requiresGrad ? [weight] : [])
    return result.recorded(
      as: bias == nil ? "MmBackward0" : "AddmmBackward0", from: [x, weight] + (bias.map { [$0] } ?? []), saving: saved
    ) { gradient, sink in
      sink.add(0, gradient.matmul(weight))
      if isGradEnabled {
        sink.add(1, gradient.reshaped([rows, outputs]).transposed().matmul(x.reshaped([rows, inputs])))
        if bias != nil { sink.add(2, gradient.reshaped([rows, outputs]).sum([0])) }
        return
      }
      sink.write(1, shape: weight.shape, dtype: weight.dtype, device: weight.device) { destination, adding in
        gradient.backend.matrixProduct(
          MatrixProduct(rows: outputs, columns: inputs, inner: rows, transposesFirst: true), gradient, x,
          into: destination, adding: adding)
      }
      if bias != nil {
        sink.write(2, shape: [outputs], dtype: gradient.dtype, device: gradient.device) { destination, adding in
          let target =
            adding
            ? Tensor(uninitialized: [outputs], dtype: gradient.dtype, device: gradient.device) : destination
          gradient.backend.sum(gradient, extents: .init(outer: 1, reduced: rows, inner: outputs), into: target)
          if adding { destination.accumulate(target) }
        }
      }
    }
  }
}
