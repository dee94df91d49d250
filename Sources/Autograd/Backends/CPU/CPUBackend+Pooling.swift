import CKernels

extension CPUBackend {
  func maximumPool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    let w = dt_window(window, x.shape, result.shape)
    share(w, x) { w, n, input, output in
      switch x.dtype {
      case .float32: dt_maximum_pool_f32(n, w, x.from(input), result.from(output))
      case .float64: dt_maximum_pool_f64(n, w, x.from(input), result.from(output))
      default: unsupported("maximum pooling", x.dtype)
      }
    }
  }

  func maximumPoolScatter(_ gradient: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    fill(result, with: 0)
    let w = dt_window(window, x.shape, y.shape)
    share(w, x) { w, n, input, output in
      switch x.dtype {
      case .float32:
        dt_maximum_pool_scatter_f32(
          n, w, gradient.from(output), x.from(input), y.from(output), result.from(input))
      case .float64:
        dt_maximum_pool_scatter_f64(
          n, w, gradient.from(output), x.from(input), y.from(output), result.from(input))
      default: unsupported("maximum pooling", x.dtype)
      }
    }
  }

  func maximumPoolGather(_ values: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    let w = dt_window(window, x.shape, y.shape)
    share(w, x) { w, n, input, output in
      switch x.dtype {
      case .float32:
        dt_maximum_pool_gather_f32(n, w, values.from(input), x.from(input), y.from(output), result.from(output))
      case .float64:
        dt_maximum_pool_gather_f64(n, w, values.from(input), x.from(input), y.from(output), result.from(output))
      default: unsupported("maximum pooling", x.dtype)
      }
    }
  }

  func averagePool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    let w = dt_window(window, x.shape, result.shape)
    share(w, x) { w, n, input, output in
      switch x.dtype {
      case .float32: dt_average_pool_f32(n, w, x.from(input), result.from(output))
      case .float64: dt_average_pool_f64(n, w, x.from(input), result.from(output))
      default: unsupported("average pooling", x.dtype)
      }
    }
  }

  func averagePoolSpread(_ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    let w = dt_window(window, result.shape, y.shape)
    share(w, result) { w, n, input, output in
      switch y.dtype {
      case .float32: dt_average_pool_spread_f32(n, w, y.from(output), result.from(input))
      case .float64: dt_average_pool_spread_f64(n, w, y.from(output), result.from(input))
      default: unsupported("average pooling", y.dtype)
      }
    }
  }

  /// Calls `body` with the planes that each thread gets of the images `x`: the window, how many they are, and where the
  /// first begins before and after the pooling.
  private func share(
    _ window: dt_window, _ x: Tensor,
    _ body: @escaping (_ window: UnsafePointer<dt_window>, _ planes: Int, _ input: Int, _ output: Int) -> Void
  ) {
    let threads = LoopThreads.threads(forElements: x.count)
    LoopThreads.shared.cut(x.shape[0] * x.shape[1], over: threads, step: 1) { planes in
      let first = planes.lowerBound
      withUnsafePointer(to: window) {
        body(
          $0, planes.count, first * window.height * window.width, first * window.output_height * window.output_width)
      }
    }
  }
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
