import CKernels

extension CPUBackend {
  func maximumPool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    var w = dt_window(window, x.shape, result.shape)
    switch x.dtype {
    case .float32: dt_maximum_pool_f32(planes(x), &w, x.pointer(), result.pointer())
    case .float64: dt_maximum_pool_f64(planes(x), &w, x.pointer(), result.pointer())
    default: unsupported("maximum pooling", x.dtype)
    }
  }

  func maximumPoolScatter(_ gradient: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    fill(result, with: 0)
    var w = dt_window(window, x.shape, y.shape)
    switch x.dtype {
    case .float32:
      dt_maximum_pool_scatter_f32(planes(x), &w, gradient.pointer(), x.pointer(), y.pointer(), result.pointer())
    case .float64:
      dt_maximum_pool_scatter_f64(planes(x), &w, gradient.pointer(), x.pointer(), y.pointer(), result.pointer())
    default: unsupported("maximum pooling", x.dtype)
    }
  }

  func maximumPoolGather(_ values: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    var w = dt_window(window, x.shape, y.shape)
    switch x.dtype {
    case .float32:
      dt_maximum_pool_gather_f32(planes(x), &w, values.pointer(), x.pointer(), y.pointer(), result.pointer())
    case .float64:
      dt_maximum_pool_gather_f64(planes(x), &w, values.pointer(), x.pointer(), y.pointer(), result.pointer())
    default: unsupported("maximum pooling", x.dtype)
    }
  }

  func averagePool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    var w = dt_window(window, x.shape, result.shape)
    switch x.dtype {
    case .float32: dt_average_pool_f32(planes(x), &w, x.pointer(), result.pointer())
    case .float64: dt_average_pool_f64(planes(x), &w, x.pointer(), result.pointer())
    default: unsupported("average pooling", x.dtype)
    }
  }

  func averagePoolSpread(_ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    var w = dt_window(window, result.shape, y.shape)
    switch y.dtype {
    case .float32: dt_average_pool_spread_f32(planes(y), &w, y.pointer(), result.pointer())
    case .float64: dt_average_pool_spread_f64(planes(y), &w, y.pointer(), result.pointer())
    default: unsupported("average pooling", y.dtype)
    }
  }

  private func planes(_ x: Tensor) -> Int { x.shape[0] * x.shape[1] }
}

extension dt_window {
  /// The window over images of shape [N, C, H, W] that gives results of shape [N, O, H′, W′].
  init(_ window: SlidingWindow, _ input: [Int], _ output: [Int]) {
    self.init(
      channels: input[1], height: input[2], width: input[3], kernel_height: window.kernel.0,
      kernel_width: window.kernel.1, stride_height: window.stride.0, stride_width: window.stride.1,
      padding_height: window.padding.0, padding_width: window.padding.1, dilation_height: window.dilation.0,
      dilation_width: window.dilation.1, output_height: output[2], output_width: output[3])
  }
}
