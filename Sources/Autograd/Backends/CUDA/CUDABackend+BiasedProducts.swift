import CCUDA

extension CUDABackend {
  /// Whether cuBLASLt is there for a product plus a bias, and worth asking: with a function that it has as it is here, and
  /// a result so large that another pass over it takes more time than its start.
  func suitsLibrary(_ product: MatrixProduct, _ activation: LinearActivation?, _ dtype: DataType) -> Bool {
    guard device.biasedProducts != nil, dtype == .float32, !Kernels.areGeneric else { return false }
    guard activation == nil || activation == .relu else { return false }
    return product.offsets.count == 1 && !product.transposesFirst && product.transposesSecond && product.inner > 0
      && product.rows * product.columns >= Self.leastElements
  }

  /// 512 · 512.
  private static let leastElements = 1 << 18

  /// A product plus a bias, and ReLU of that if `isRectified`, by cuBLASLt in one pass; false where it cannot, and what was
  /// there may be lost. Which of both depends on the product alone, and on how its operands are aligned.
  func multiplyAndAdd(
    _ product: MatrixProduct, _ factors: Factors, bias: Tensor, isRectified: Bool, into result: Tensor
  ) -> Bool {
    guard let library = device.biasedProducts else { return false }
    device.enter()
    let (size, offset) = (factors.a.elementByteCount, product.offsets[0])
    func operands(bias: Tensor) -> BiasedProduct.Operands {
      .init(
        first: factors.a.address + offset.first * size, second: factors.b.address + offset.second * size,
        bias: bias.address, result: result.address)
    }
    let all = operands(bias: bias)
    let biased = BiasedProduct(
      rows: product.rows, columns: product.columns, inner: product.inner, isRectified: isRectified,
      factor: factors.element, result: result.isBFloat16 ? .bfloat16 : .float32, arithmetic: factors.arithmetic,
      alignments: .init(of: all))
    if library.standing(of: biased, all) == .untried {
      // Recorded work cannot be waited for. It was computed before, and tried.
      guard !device.isRecording else { return false }
      let trial = notANumber(like: bias)
      let isNaN = isNaNKept(by: library, biased, operands(bias: trial), result)
      extendLifetime(trial)
      library.conclude(biased, isNaN ? .usable : .refused)
    }
    return library.compute(biased, all)
  }

  /// Whether the library's ReLU leaves NaN what is NaN. Where it is 0, as max(x, 0) makes it, weights that are not numbers
  /// give a finite loss, and training would go on with them.
  private func isNaNKept(
    by library: BiasedProductLibrary, _ product: BiasedProduct, _ operands: BiasedProduct.Operands, _ result: Tensor
  ) -> Bool {
    guard library.compute(product, operands) else { return false }
    let row = result.isBFloat16 ? scratch(product.columns, .float32) : result
    if result.isBFloat16 { widen(result.address, count: product.columns, into: row.address, adding: false) }
    var numbers = [Float](repeating: 0, count: product.columns)
    let status = numbers.withUnsafeMutableBytes {
      dt_cuMemcpyDtoHAsync_v2($0.baseAddress, row.address, $0.count, device.stream)
    }
    CUDADriver.require(status, "copying a row of a product")
    device.synchronize()
    extendLifetime(row)
    return numbers.allSatisfy(\.isNaN)
  }

  /// As many elements, kept as those of `bias`.
  private func notANumber(like bias: Tensor) -> Tensor {
    let plain = scratch(bias.count, .float32)
    fill(plain, with: .nan)
    return bias.isBFloat16 ? arranged(plain, as: Layout(isBFloat16: true)) : plain
  }
}
