import CKernels

extension CPUBackend {
  func crossEntropy(
    _ logits: Tensor, _ targets: Tensor, _ options: CrossEntropyOptions, losses: Tensor, normalizers: Tensor
  ) -> Bool {
    let e = ReductionExtents(logits.shape, over: 1...1), ignored = Int64(options.ignoredTarget)
    switch (logits.dtype, e.inner) {
    case (.float32, 1):
      dt_cross_entropy_f32(
        e.outer, e.reduced, logits.pointer(), targets.pointer(), ignored, Float(options.smoothing), losses.pointer(),
        normalizers.pointer())
    case (.float64, 1):
      dt_cross_entropy_f64(
        e.outer, e.reduced, logits.pointer(), targets.pointer(), ignored, options.smoothing, losses.pointer(),
        normalizers.pointer())
    case (_, ..<Self.fewestColumns): return false
    case (.float32, _):
      dt_cross_entropy_of_columns_f32(
        e.outer, e.reduced, e.inner, logits.pointer(), targets.pointer(), ignored, Float(options.smoothing),
        losses.pointer(), normalizers.pointer())
    case (.float64, _):
      dt_cross_entropy_of_columns_f64(
        e.outer, e.reduced, e.inner, logits.pointer(), targets.pointer(), ignored, options.smoothing,
        losses.pointer(), normalizers.pointer())
    default: unsupported("cross entropy", logits.dtype)
    }
    return true
  }

  func crossEntropyGradient(
    _ gradient: Tensor, _ logits: Tensor, _ targets: Tensor, normalizers: Tensor, _ options: CrossEntropyOptions,
    into result: Tensor
  ) {
    let e = ReductionExtents(logits.shape, over: 1...1), ignored = Int64(options.ignoredTarget)
    let step = gradient.rank == 0 ? 0 : 1
    switch (logits.dtype, e.inner) {
    case (.float32, 1):
      dt_cross_entropy_gradient_f32(
        e.outer, e.reduced, logits.pointer(), targets.pointer(), ignored, Float(options.smoothing),
        normalizers.pointer(), gradient.pointer(), step, result.pointer())
    case (.float64, 1):
      dt_cross_entropy_gradient_f64(
        e.outer, e.reduced, logits.pointer(), targets.pointer(), ignored, options.smoothing, normalizers.pointer(),
        gradient.pointer(), step, result.pointer())
    case (.float32, _):
      dt_cross_entropy_gradient_of_columns_f32(
        e.outer, e.reduced, e.inner, logits.pointer(), targets.pointer(), ignored, Float(options.smoothing),
        normalizers.pointer(), gradient.pointer(), step, result.pointer())
    case (.float64, _):
      dt_cross_entropy_gradient_of_columns_f64(
        e.outer, e.reduced, e.inner, logits.pointer(), targets.pointer(), ignored, options.smoothing,
        normalizers.pointer(), gradient.pointer(), step, result.pointer())
    default: unsupported("cross entropy", logits.dtype)
    }
  }
}
