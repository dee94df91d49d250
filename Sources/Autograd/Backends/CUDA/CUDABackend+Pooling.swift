extension CUDABackend {
  func maximumPool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool", x, window, images: x, outputs: result, over: result, [x, result])
  }

  func maximumPoolScatter(_ gradient: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool_scatter", x, window, images: x, outputs: y, over: result, [gradient, x, y, result])
  }

  func maximumPoolGather(_ values: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool_gather", x, window, images: x, outputs: y, over: result, [values, x, y, result])
  }

  func averagePool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("average_pool", x, window, images: x, outputs: result, over: result, [x, result])
  }

  func averagePoolSpread(_ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("average_pool_spread", y, window, images: result, outputs: y, over: result, [y, result])
  }

  /// Starts a kernel of one thread for each element of `result`.
  private func pool(
    _ kernel: String, _ x: Tensor, _ window: SlidingWindow, images: Tensor, outputs: Tensor, over result: Tensor,
    _ arrays: [Tensor]
  ) {
    guard x.dtype.isFloatingPoint else { unsupported("pooling", x.dtype) }
    launch(
      "\(kernel)_\(x.dtype.suffix)", in: .pooling, over: result.count,
      arguments: [PoolingWindow(window, images.shape, outputs.shape)] + arrays.map(\.address))
  }
}

/// `Window` in `pooling.cu`.
private struct PoolingWindow: KernelArgument {
  private let planes: Int
  private let height: Int
  private let width: Int
  private let outputHeight: Int
  private let outputWidth: Int
  private let kernel: (Int, Int)
  private let stride: (Int, Int)
  private let padding: (Int, Int)
  private let dilation: (Int, Int)

  /// The window over images of shape [N, C, H, W] that gives results of shape [N, C, H′, W′].
  init(_ window: SlidingWindow, _ images: [Int], _ outputs: [Int]) {
    planes = images[0] * images[1]
    (height, width) = (images[2], images[3])
    (outputHeight, outputWidth) = (outputs[2], outputs[3])
    (kernel, stride) = (window.kernel, window.stride)
    (padding, dilation) = (window.padding, window.dilation)
  }
}
