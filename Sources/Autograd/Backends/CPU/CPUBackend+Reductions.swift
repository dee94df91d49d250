import CKernels

extension CPUBackend {
  func sum(_ x: Tensor, extents: ReductionExtents, into result: Tensor) {
    switch x.dtype {
    case .float32: dt_sum_f32(extents.outer, extents.reduced, extents.inner, x.pointer(), result.pointer())
    case .float64: dt_sum_f64(extents.outer, extents.reduced, extents.inner, x.pointer(), result.pointer())
    case .int64: sumIntegers(x.pointer(), extents, result.pointer())
    default: unsupported("sum", x.dtype)
    }
  }

  /// Blocks are the same however many threads share them, and so is the order of the sums.
  func sumOfSquares(_ x: Tensor, into result: Tensor) {
    let block = 1 << 15
    var sums = [Double](repeating: 0, count: (x.count + block - 1) / block)
    sums.withUnsafeMutableBufferPointer { sums in
      nonisolated(unsafe) let sums = sums
      LoopThreads.shared.share(sums.count, over: LoopThreads.threads(forElements: x.count)) { number, _ in
        let start = number * block, count = min(block, x.count - start)
        switch x.dtype {
        case .float32: sums[number] = dt_sum_of_squares_f32(count, x.from(start))
        case .float64: sums[number] = dt_sum_of_squares_f64(count, x.from(start))
        default: unsupported("a sum of squares", x.dtype)
        }
      }
    }
    result.pointer(Double.self)[0] = sums.reduce(0, +)
  }

  func activationGradient(
    _ operation: BinaryOperation, _ gradient: Tensor, _ kept: Tensor, into result: Tensor, sums: Tensor, adding: Bool
  ) {
    let rows = sums.count == 0 ? 0 : result.count / sums.count
    typealias Kernel<T> = (
      Int, Int, UnsafePointer<T>?, UnsafePointer<T>?, UnsafeMutablePointer<T>?, UnsafeMutablePointer<T>?, Int32
    ) -> Void
    func run<T: TensorElement>(_ kernel: Kernel<T>) {
      kernel(
        rows, sums.count, gradient.pointer(), kept.pointer(), result.pointer(), sums.pointer(), adding ? 1 : 0)
    }
    switch (operation, result.dtype) {
    case (.reluGradient, .float32): run(dt_relu_gradient_sums_f32)
    case (.reluGradient, .float64): run(dt_relu_gradient_sums_f64)
    case (.sigmoidGradient, .float32): run(dt_sigmoid_gradient_sums_f32)
    case (.sigmoidGradient, .float64): run(dt_sigmoid_gradient_sums_f64)
    case (.tanhGradient, .float32): run(dt_tanh_gradient_sums_f32)
    case (.tanhGradient, .float64): run(dt_tanh_gradient_sums_f64)
    default:
      // Slopes that take as long as a pass: another pass adds them up.
      binary(operation, gradient, kept, into: result)
      let columns = adding ? sums.uninitializedLike() : sums
      sum(result, extents: .init(outer: 1, reduced: rows, inner: sums.count), into: columns)
      if adding { binary(.add, sums, columns, into: sums) }
    }
  }

  private func sumIntegers(
    _ x: UnsafePointer<Int64>, _ extents: ReductionExtents, _ result: UnsafeMutablePointer<Int64>
  ) {
    for o in 0..<extents.outer {
      for i in 0..<extents.inner {
        var sum: Int64 = 0
        for r in 0..<extents.reduced { sum &+= x[(o * extents.reduced + r) * extents.inner + i] }
        result[o * extents.inner + i] = sum
      }
    }
  }

  func maximum(_ x: Tensor, extents e: ReductionExtents, into result: Tensor, places: Tensor) {
    switch x.dtype {
    case .float32: dt_maximum_along_f32(e.outer, e.reduced, e.inner, x.pointer(), result.pointer(), places.pointer())
    case .float64: dt_maximum_along_f64(e.outer, e.reduced, e.inner, x.pointer(), result.pointer(), places.pointer())
    case .int64: maximumOfIntegers(x.pointer(), e, result.pointer(), places.pointer())
    default: unsupported("maximum", x.dtype)
    }
  }

  private func maximumOfIntegers(
    _ x: UnsafePointer<Int64>, _ extents: ReductionExtents, _ result: UnsafeMutablePointer<Int64>,
    _ places: UnsafeMutablePointer<Int64>
  ) {
    for o in 0..<extents.outer {
      for i in 0..<extents.inner {
        let first = o * extents.reduced * extents.inner + i
        var best = 0
        for r in 1..<extents.reduced where x[first + r * extents.inner] > x[first + best * extents.inner] { best = r }
        result[o * extents.inner + i] = x[first + best * extents.inner]
        places[o * extents.inner + i] = Int64(best)
      }
    }
  }
}
