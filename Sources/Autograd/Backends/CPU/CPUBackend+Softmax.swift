import CKernels

extension CPUBackend {
  /// Columns that are computed side by side; fewer are faster as rows.
  static let fewestColumns = 16

  func softmax(_ x: Tensor, extents e: ReductionExtents, isLogarithm: Bool, into result: Tensor) -> Bool {
    let choice: Int32 = isLogarithm ? 1 : 0
    switch (x.dtype, e.inner) {
    case (.float32, 1): dt_softmax_f32(e.outer, e.reduced, x.pointer(), choice, result.pointer())
    case (.float64, 1): dt_softmax_f64(e.outer, e.reduced, x.pointer(), choice, result.pointer())
    case (_, ..<Self.fewestColumns): return false
    case (.float32, _): dt_softmax_of_columns_f32(e.outer, e.reduced, e.inner, x.pointer(), choice, result.pointer())
    case (.float64, _): dt_softmax_of_columns_f64(e.outer, e.reduced, e.inner, x.pointer(), choice, result.pointer())
    default: unsupported("softmax", x.dtype)
    }
    return true
  }

  func softmaxGradient(
    _ gradient: Tensor, of y: Tensor, extents e: ReductionExtents, isLogarithm: Bool, into result: Tensor
  ) -> Bool {
    let choice: Int32 = isLogarithm ? 1 : 0
    switch (y.dtype, e.inner) {
    case (.float32, 1):
      dt_softmax_gradient_f32(e.outer, e.reduced, gradient.pointer(), y.pointer(), choice, result.pointer())
    case (.float64, 1):
      dt_softmax_gradient_f64(e.outer, e.reduced, gradient.pointer(), y.pointer(), choice, result.pointer())
    case (_, ..<Self.fewestColumns): return false
    case (.float32, _):
      dt_softmax_gradient_of_columns_f32(
        e.outer, e.reduced, e.inner, gradient.pointer(), y.pointer(), choice, result.pointer())
    case (.float64, _):
      dt_softmax_gradient_of_columns_f64(
        e.outer, e.reduced, e.inner, gradient.pointer(), y.pointer(), choice, result.pointer())
    default: unsupported("softmax", y.dtype)
    }
    return true
  }
}
