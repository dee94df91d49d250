extension CUDABackend {
  func matrixProduct(_ product: MatrixProduct, _ a: Tensor, _ b: Tensor, into result: Tensor, adding: Bool) {
    guard result.count > 0 else { return }
    guard product.inner > 0 else {
      if !adding { result.backend.fill(result, with: 0) }
      return
    }
    switch result.dtype {
    case .float32, .float64:
      let factors = factors(of: product, a, b, adding: adding)
      if factors.result == .plain {
        multiply(product, factors, into: result, adding: adding)
      } else {
        write(result, as: factors.result) { multiply(product, factors, into: $0, adding: adding) }
      }
    case .int64: multiplyIntegers(product, a, b, into: result, adding: adding)
    default: unsupported("matrix product", result.dtype)
    }
  }

  func factor(_ x: Tensor, of product: MatrixProduct) -> Tensor {
    guard x.dtype == .float32 && ProductPrecision.current == .bfloat16 else { return x }
    let isRounded = product.isLarge || isResultBFloat16(product, .float32)
    return isRounded ? kept(x, as: Layout(isBFloat16: true)) : x
  }

  func activatedProduct(
    _ product: MatrixProduct, _ a: Tensor, _ b: Tensor, bias: Tensor, _ activation: LinearActivation?,
    into result: Tensor
  ) -> Bool {
    guard result.count > 0 && result.dtype.isFloatingPoint && product.inner > 0 else { return false }
    let isAsked = suitsLibrary(product, activation, result.dtype)
    guard isAsked || activation != nil || isResultBFloat16(product, result.dtype) else { return false }
    let factors = factors(of: product, a, b, adding: false)
    let addend = arranged(bias, as: factors.result)
    write(result, as: factors.result) { sums in
      let isRectified = activation == .relu
      if isAsked && multiplyAndAdd(product, factors, bias: addend, isRectified: isRectified, into: sums) { return }
      multiply(product, factors, into: sums, adding: false)
      if let activation {
        combineBroadcast("\(activation.function.rawValue)_biased", in: .linear, sums, addend, into: sums)
      } else {
        binary(.add, sums, addend, into: sums)
      }
    }
    extendLifetime((factors.a, factors.b, addend))
    return true
  }

  /// The factors of a product as they are multiplied, and how its result is kept.
  struct Factors {
    let a: Tensor
    let b: Tensor
    let element: MatrixLibrary.Element
    let arithmetic: MatrixLibrary.Arithmetic
    var result = Layout.plain
  }

  /// In bfloat16, factors that are not kept so are rounded by a pass over each where that is worth it.
  private func factors(of product: MatrixProduct, _ a: Tensor, _ b: Tensor, adding: Bool) -> Factors {
    guard a.dtype == .float32 else { return Factors(a: a, b: b, element: .float64, arithmetic: .float64) }
    let layout = Layout(isBFloat16: true)
    let isResultBFloat16 = !adding && isResultBFloat16(product, a.dtype)
    let isWorth = isResultBFloat16 || product.isLarge || a.layout == layout || b.layout == layout
    guard ProductPrecision.current == .bfloat16 && product.offsets.count == 1 && isWorth else {
      return Factors(a: a, b: b, element: .float32, arithmetic: ProductPrecision.current.arithmetic)
    }
    return Factors(
      a: arranged(a, as: layout), b: arranged(b, as: layout), element: .bfloat16, arithmetic: .float32,
      result: isResultBFloat16 ? layout : .plain)
  }

  /// Whether a product's result is to be kept in bfloat16.
  private func isResultBFloat16(_ product: MatrixProduct, _ dtype: DataType) -> Bool {
    product.roundsResult && product.offsets.count == 1 && min(product.rows, product.columns) >= MatrixProduct.large
      && dtype == .float32 && ProductPrecision.current == .bfloat16
  }

  private func multiply(_ p: MatrixProduct, _ factors: Factors, into result: Tensor, adding: Bool) {
    device.enter()
    let (a, b, factor) = (factors.a, factors.b, factors.element)
    let size = result.elementByteCount
    let factorSize = a.elementByteCount
    func multiply(_ place: Int, count: Int, strides: (first: Int, second: Int)) {
      let offset = p.offsets[place]
      device.matrices.multiply(
        .init(
          address: a.address + offset.first * factorSize, isTransposed: p.transposesFirst,
          rowStride: p.transposesFirst ? p.rows : p.inner, batchStride: strides.first),
        .init(
          address: b.address + offset.second * factorSize, isTransposed: p.transposesSecond,
          rowStride: p.transposesSecond ? p.inner : p.columns, batchStride: strides.second),
        into: .init(
          address: result.address + place * p.rows * p.columns * size, rowStride: p.columns,
          batchStride: p.rows * p.columns),
        rows: p.rows, columns: p.columns, inner: p.inner, count: count, adding: adding, factor,
        result.isBFloat16 ? .bfloat16 : factor == .bfloat16 ? .float32 : factor, factors.arithmetic)
    }
    if let strides = p.evenStrides {
      multiply(0, count: p.offsets.count, strides: strides)
    } else {
      for place in p.offsets.indices { multiply(place, count: 1, strides: (0, 0)) }
    }
    extendLifetime((a, b))
  }

  private func multiplyIntegers(_ p: MatrixProduct, _ a: Tensor, _ b: Tensor, into result: Tensor, adding: Bool) {
    precondition(!p.transposesFirst && !p.transposesSecond && !adding, "int64 products are plain products only")
    let (size, threads) = (result.dtype.byteCount, 256)
    for (place, offset) in p.offsets.enumerated() {
      device.launch(
        "product_i64", in: .products, blocks: (p.rows * p.columns + threads - 1) / threads, threads: threads,
        a.address + offset.first * size, b.address + offset.second * size,
        result.address + place * p.rows * p.columns * size, p.rows, p.columns, p.inner)
    }
  }
}

extension MatrixProduct {
  /// The product of bfloat16 factors of this size takes so much less time than that of float32 ones, rounded on the way,
  /// that it is worth a pass over each to round them first.
  fileprivate static let large = 512
  fileprivate var isLarge: Bool { min(rows, columns, inner) >= Self.large }

  /// The distances from each matrix of the batch to the next, if they are all the same.
  fileprivate var evenStrides: (first: Int, second: Int)? {
    guard offsets.count > 1 else { return (0, 0) }
    let strides = (offsets[1].first - offsets[0].first, offsets[1].second - offsets[0].second)
    for place in 2..<max(offsets.count, 2) {
      guard offsets[place].first - offsets[place - 1].first == strides.0,
        offsets[place].second - offsets[place - 1].second == strides.1
      else { return nil }
    }
    return strides
  }
}
