/// A backend whose calls are recorded by the profiler of the thread that makes them, each until it has been computed.
struct ProfilingBackend<Base: Backend>: Backend {
  let base: Base

  /// Runs `body` as an operator, if this thread is being profiled.
  func recorded<R>(_ work: @autoclosure () -> OperatorWork, _ body: () -> R) -> R {
    guard let profiler = Profiler.current else { return body() }
    return profiler.measure(work()) {
      defer { base.finish() }
      return body()
    }
  }

  /// Runs `body`, and records it as an operator if it says that it was done.
  func recordedIfDone(_ work: @autoclosure () -> OperatorWork, _ body: () -> Bool) -> Bool {
    guard let profiler = Profiler.current else { return body() }
    return profiler.measureIfDone(work()) { body() ? true : nil } ?? false
  }

  /// The tensor, or a copy of it, which is recorded.
  func recordedIfCopied(_ x: Tensor, _ copy: (Tensor) -> Tensor) -> Tensor {
    guard let profiler = Profiler.current else { return copy(x) }
    var result = x
    return profiler.measureIfDone(.init("rearrange", x.extent, bytes: x.byteCount + result.byteCount)) {
      result = copy(x)
      base.finish()
      return result === x ? nil : result
    } ?? x
  }

  func finish() { base.finish() }

  func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor, into result: Tensor) {
    recorded(
      .init("select", result.extent, bytes: condition.byteCount + a.byteCount + b.byteCount + result.byteCount)
    ) { base.select(condition, a, b, into: result) }
  }

  func gather(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    recorded(.init("gather", result.extent, bytes: indices.byteCount + 2 * result.byteCount)) {
      base.gather(x, at: indices, extents, into: result)
    }
  }

  func gatherBytes(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    let bytes = indices.byteCount + result.count + result.byteCount
    recorded(.init("gatherBytes", result.extent, bytes: bytes)) {
      base.gatherBytes(x, at: indices, extents, into: result)
    }
  }

  func scatterAdd(_ values: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    recorded(.init("scatterAdd", values.extent, bytes: indices.byteCount + 3 * values.byteCount)) {
      base.scatterAdd(values, at: indices, extents, into: result)
    }
  }

  // MARK: - Elements and reductions

  func unary(_ operation: UnaryOperation, _ x: Tensor, into result: Tensor) {
    recorded(.init(operation.rawValue, result.extent, bytes: x.byteCount + result.byteCount)) {
      base.unary(operation, x, into: result)
    }
  }

  func clamp(_ x: Tensor, from low: Double, to high: Double, into result: Tensor) {
    recorded(.init("clamp", result.extent, bytes: x.byteCount + result.byteCount)) {
      base.clamp(x, from: low, to: high, into: result)
    }
  }

  func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, into result: Tensor) {
    recorded(.init(operation.rawValue, result.extent, bytes: a.byteCount + b.byteCount + result.byteCount)) {
      base.binary(operation, a, b, into: result)
    }
  }

  func dropoutMask(for x: Tensor, probability: Double, generator: RandomGenerator?) -> (any DropoutMask)? {
    let mask = base.dropoutMask(for: x, probability: probability, generator: generator)
    return mask.map { ProfiledDropoutMask(base: $0, backend: self) }
  }

  func activationGradient(
    _ operation: BinaryOperation, _ gradient: Tensor, _ kept: Tensor, into result: Tensor, sums: Tensor, adding: Bool
  ) {
    recorded(
      .init(
        operation.rawValue, result.extent,
        bytes: gradient.byteCount + kept.byteCount + result.byteCount + sums.byteCount)
    ) { base.activationGradient(operation, gradient, kept, into: result, sums: sums, adding: adding) }
  }

  func sum(_ x: Tensor, extents: ReductionExtents, into result: Tensor) {
    recorded(.init("sum", x.extent, bytes: x.byteCount + result.byteCount)) {
      base.sum(x, extents: extents, into: result)
    }
  }

  func sumOfSquares(_ x: Tensor, into result: Tensor) {
    recorded(.init("sumOfSquares", x.extent, bytes: x.byteCount)) { base.sumOfSquares(x, into: result) }
  }

  func maximum(_ x: Tensor, extents: ReductionExtents, into result: Tensor, places: Tensor) {
    recorded(.init("maximumAlong", x.extent, bytes: x.byteCount + result.byteCount + places.byteCount)) {
      base.maximum(x, extents: extents, into: result, places: places)
    }
  }

  func cumulativeSum(_ x: Tensor, extents: ReductionExtents, reversed: Bool, into result: Tensor) {
    recorded(.init("cumulativeSum", x.extent, bytes: x.byteCount + result.byteCount)) {
      base.cumulativeSum(x, extents: extents, reversed: reversed, into: result)
    }
  }

  func cumulativeProduct(_ x: Tensor, extents: ReductionExtents, into result: Tensor) -> Bool {
    recordedIfDone(OperatorWork("cumulativeProduct", x.extent, bytes: x.byteCount + result.byteCount)) {
      base.cumulativeProduct(x, extents: extents, into: result)
    }
  }

  func cumulativeProductGradient(
    _ gradient: Tensor, of x: Tensor, products: Tensor, extents: ReductionExtents, into result: Tensor
  ) -> Bool {
    let bytes = gradient.byteCount + x.byteCount + products.byteCount + result.byteCount
    return recordedIfDone(OperatorWork("cumulativeProductGradient", x.extent, bytes: bytes)) {
      base.cumulativeProductGradient(gradient, of: x, products: products, extents: extents, into: result)
    }
  }

  func sortingPlaces(_ x: Tensor, extents: ReductionExtents, descending: Bool, into places: Tensor) {
    recorded(.init("sortingPlaces", x.extent, bytes: x.byteCount + places.byteCount)) {
      base.sortingPlaces(x, extents: extents, descending: descending, into: places)
    }
  }

  func largestPlaces(_ x: Tensor, extents: ReductionExtents, count: Int, into places: Tensor) -> Bool {
    recordedIfDone(OperatorWork("largestPlaces", x.extent, bytes: x.byteCount + places.byteCount)) {
      base.largestPlaces(x, extents: extents, count: count, into: places)
    }
  }

  func distances(_ x: Tensor, _ y: Tensor, into result: Tensor) -> Bool {
    let bytes = x.byteCount + y.byteCount + result.byteCount
    return recordedIfDone(OperatorWork("distances", result.extent, bytes: bytes)) {
      base.distances(x, y, into: result)
    }
  }

  // MARK: - Products

  func matrixProduct(_ product: MatrixProduct, _ a: Tensor, _ b: Tensor, into result: Tensor, adding: Bool) {
    let name =
      switch (product.transposesFirst, product.transposesSecond) {
      case (false, false): "matmul a·b"
      case (false, true): "matmul a·bᵀ"
      case (true, false): "matmul aᵀ·b"
      case (true, true): "matmul aᵀ·bᵀ"
      }
    recorded(.init(name, product, a, b, result, passes: adding ? 2 : 1)) {
      base.matrixProduct(product, a, b, into: result, adding: adding)
    }
  }

  func factor(_ x: Tensor, of product: MatrixProduct) -> Tensor {
    recordedIfCopied(x) { base.factor($0, of: product) }
  }

  func activatedProduct(
    _ product: MatrixProduct, _ a: Tensor, _ b: Tensor, bias: Tensor, _ activation: LinearActivation?,
    into result: Tensor
  ) -> Bool {
    func compute() -> Void? {
      guard base.activatedProduct(product, a, b, bias: bias, activation, into: result) else { return nil }
      return base.finish()
    }
    guard let profiler = Profiler.current else { return compute() != nil }
    return profiler.measureIfDone(
      .init("matmul a·bᵀ, \(activation?.function.rawValue ?? "add")", product, a, b, result, passes: 3), compute) != nil
  }

  // MARK: - Recurrent networks

  func lstmCell(_ gates: Tensor, cell: Tensor, output: Tensor, next: Tensor) {
    recorded(.init("lstmCell", cell.extent, bytes: 2 * gates.byteCount + 3 * cell.byteCount)) {
      base.lstmCell(gates, cell: cell, output: output, next: next)
    }
  }

  func lstmCellGradient(
    _ ofOutput: Tensor, _ ofNext: Tensor, gates: Tensor, cell: Tensor, next: Tensor, ofGates: Tensor,
    addingTo ofCell: Tensor
  ) {
    recorded(.init("lstmCellGradient", cell.extent, bytes: 2 * gates.byteCount + 6 * cell.byteCount)) {
      base.lstmCellGradient(
        ofOutput, ofNext, gates: gates, cell: cell, next: next, ofGates: ofGates, addingTo: ofCell)
    }
  }

  // MARK: - Losses

  func softmax(_ x: Tensor, extents: ReductionExtents, isLogarithm: Bool, into result: Tensor) -> Bool {
    recordedIfDone(OperatorWork(isLogarithm ? "logSoftmax" : "softmax", x.extent, bytes: 2 * x.byteCount)) {
      base.softmax(x, extents: extents, isLogarithm: isLogarithm, into: result)
    }
  }

  func softmaxGradient(
    _ gradient: Tensor, of y: Tensor, extents: ReductionExtents, isLogarithm: Bool, into result: Tensor
  ) -> Bool {
    let name = isLogarithm ? "logSoftmaxGradient" : "softmaxGradient"
    return recordedIfDone(OperatorWork(name, y.extent, bytes: 3 * y.byteCount)) {
      base.softmaxGradient(gradient, of: y, extents: extents, isLogarithm: isLogarithm, into: result)
    }
  }

  func crossEntropy(
    _ logits: Tensor, _ targets: Tensor, _ options: CrossEntropyOptions, losses: Tensor, normalizers: Tensor
  ) -> Bool {
    let bytes = logits.byteCount + targets.byteCount + losses.byteCount + normalizers.byteCount
    return recordedIfDone(OperatorWork("crossEntropy", logits.extent, bytes: bytes)) {
      base.crossEntropy(logits, targets, options, losses: losses, normalizers: normalizers)
    }
  }

  func crossEntropyGradient(
    _ gradient: Tensor, _ logits: Tensor, _ targets: Tensor, normalizers: Tensor, _ options: CrossEntropyOptions,
    into result: Tensor
  ) {
    recorded(
      .init(
        "crossEntropyGradient", logits.extent,
        bytes: logits.byteCount + targets.byteCount + normalizers.byteCount + result.byteCount)
    ) { base.crossEntropyGradient(gradient, logits, targets, normalizers: normalizers, options, into: result) }
  }
}

/// Dropouts, each recorded.
private struct ProfiledDropoutMask<Base: Backend>: DropoutMask {
  let base: any DropoutMask
  let backend: ProfilingBackend<Base>

  func apply(to x: Tensor, into result: Tensor) {
    backend.recorded(.init("dropout", x.extent, bytes: x.byteCount + result.byteCount)) {
      base.apply(to: x, into: result)
    }
  }
}

extension OperatorWork {
  /// A product whose results are written, or read, so many times.
  fileprivate init(
    _ name: String, _ product: MatrixProduct, _ a: Tensor, _ b: Tensor, _ result: Tensor, passes: Int
  ) {
    let (m, n, k, batch) = (product.rows, product.columns, product.inner, product.offsets.count)
    let factorBytes = m * k * a.keptElementBytes + k * n * b.keptElementBytes
    self.init(
      name, .product(rows: m, columns: n, inner: k, batch: batch), flops: 2 * m * n * k * batch,
      bytes: (factorBytes + passes * m * n * result.keptElementBytes) * batch)
  }
}

extension Tensor {
  /// The bytes that the elements take as they are kept, of which a GPU needs fewer where ``Layout/isBFloat16``.
  var byteCount: Int { count * keptElementBytes }

  fileprivate var keptElementBytes: Int { layout.isBFloat16 ? 2 : dtype.byteCount }

  /// The shape, as a profile shows it.
  var extent: OperatorWork.Extent { .shape(shape) }
}
