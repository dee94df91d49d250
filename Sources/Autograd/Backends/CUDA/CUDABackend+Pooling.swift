extension CUDABackend {
  func maximumPool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool", window, images: x, outputs: result, [x], into: result)
  }

  func maximumPoolScatter(_ gradient: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool_scatter", window, images: x, outputs: y, [gradient, x, y], into: result)
  }

  func maximumPoolGather(_ values: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool_gather", window, images: x, outputs: y, [values, x, y], into: result)
  }

  func averagePool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("average_pool", window, images: x, outputs: result, [x], into: result)
  }

  func averagePoolSpread(_ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("average_pool_spread", window, images: result, outputs: y, [y], into: result)
  }

  /// Starts a kernel of one thread for each element of `result`.
  private func pool(
    _ kernel: String, _ window: SlidingWindow, images: Tensor, outputs: Tensor, _ operands: [Tensor],
    into result: Tensor
  ) {
    guard result.dtype.isFloatingPoint else { unsupported("pooling", result.dtype) }
    let (images, outputs) = (images.shape, outputs.shape)
    func start(_ window: PoolingWindow, _ operands: [Tensor], _ result: Tensor) {
      launch(
        "\(kernel)_\(result.dtype.suffix)", in: .pooling, over: result.count,
        arguments: [window] + operands.map(\.address) + [result.address])
      extendLifetime(operands)
    }
    if operands.contains(where: { $0.channelsLast != nil }) {
      let operands = operands.map(channelsLast)
      let window = PoolingWindow(window, images, outputs, images: images[0], channels: images[1])
      writeChannelsLast(result) { start(window, operands, $0) }
    } else {
      start(PoolingWindow(window, images, outputs, images: images[0] * images[1], channels: 1), operands, result)
    }
  }
}

/// `Window` in `pooling.cu`.
private struct PoolingWindow: KernelArgument {
  private let images: Int
  private let channels: Int
  private let height: Int
  private let width: Int
  private let outputHeight: Int
  private let outputWidth: Int
  private let kernel: (Int, Int)
  private let stride: (Int, Int)
  private let padding: (Int, Int)
  private let dilation: (Int, Int)

  /// The window over images of shape [N, C, H, W] that gives results of shape [N, C, H′, W′], whose planes lie in one
  /// another by as many as `channels`.
  init(_ window: SlidingWindow, _ input: [Int], _ outputs: [Int], images: Int, channels: Int) {
    (self.images, self.channels) = (images, channels)
    (height, width) = (input[2], input[3])
    (outputHeight, outputWidth) = (outputs[2], outputs[3])
    (kernel, stride) = (window.kernel, window.stride)
    (padding, dilation) = (window.padding, window.dilation)
  }
}
