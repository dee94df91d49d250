extension CUDABackend {
  func maximumPool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool", window, images: x, outputs: result, [x], as: x, into: result)
  }

  func maximumPoolScatter(_ gradient: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool_scatter", window, images: x, outputs: y, [gradient, x, y], as: x, into: result)
  }

  func maximumPoolGather(_ values: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("maximum_pool_gather", window, images: x, outputs: y, [values, x, y], as: x, into: result)
  }

  func averagePool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("average_pool", window, images: x, outputs: result, [x], as: x, into: result)
  }

  func averagePoolSpread(_ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    pool("average_pool_spread", window, images: result, outputs: y, [y], as: y, into: result)
  }

  /// Starts a kernel of one thread for each element of `result`, for elements of the type of `model`'s.
  private func pool(
    _ kernel: String, _ window: SlidingWindow, images: Tensor, outputs: Tensor, _ operands: [Tensor],
    as model: Tensor, into result: Tensor
  ) {
    guard result.dtype.isFloatingPoint else { unsupported("pooling", result.dtype) }
    let (input, output) = (images.shape, outputs.shape)
    func start(_ operands: [Tensor], _ result: Tensor, count: Int, channels: Int) {
      let window = PoolingWindow(window, from: input, to: output, count: count, channels: channels)
      launch(
        "\(kernel)_\(result.suffix)", in: .pooling, over: result.count,
        arguments: [window] + operands.map(\.address) + [result.address])
      extendLifetime(operands)
    }
    let layout = Layout(
      isChannelsLast: operands.contains { $0.layout.isChannelsLast }, isBFloat16: model.layout.isBFloat16)
    let (count, channels) = layout.isChannelsLast ? (input[0], input[1]) : (input[0] * input[1], 1)
    let arranged = operands.map { self.arranged($0, as: layout) }
    write(result, as: layout) { start(arranged, $0, count: count, channels: channels) }
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

  /// The window over `count` images of height and width as in `input`, [N, C, H, W], with results as in `output`, the
  /// elements of as many channels beside one another.
  init(_ window: SlidingWindow, from input: [Int], to output: [Int], count: Int, channels: Int) {
    (images, self.channels) = (count, channels)
    (height, width) = (input[2], input[3])
    (outputHeight, outputWidth) = (output[2], output[3])
    (kernel, stride) = (window.kernel, window.stride)
    (padding, dilation) = (window.padding, window.dilation)
  }
}
