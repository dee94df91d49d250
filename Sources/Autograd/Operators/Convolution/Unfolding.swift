extension Tensor {
  /// What lies under a window at each of its places, as `torch.nn.functional.unfold`: a product of a convolution's weights
  /// with the result is the convolution.
  ///
  /// - Parameters:
  ///   - kernel: Rows and columns of the window.
  ///   - dilation: Rows and columns between the elements under it.
  ///   - padding: Rows and columns of zeros on each side.
  ///   - stride: Rows and columns from one place to the next.
  /// - Returns: [N, C · rows · columns, places] for this tensor's [N, C, H, W]: every column a window, channel by channel.
  public func unfolded(
    _ kernel: (Int, Int), dilation: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0), stride: (Int, Int) = (1, 1)
  ) -> Tensor {
    precondition(rank == 4, "unfolded of shape \(shape): needs shape [N, C, H, W]")
    let window = SlidingWindow(kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    let places = WindowPlaces(window, height: shape[2], width: shape[3], of: "unfolded")
    let padded = padded([(padding.0, padding.0), (padding.1, padding.1)])
    return places.indexed(batch: shape[0], channels: shape[1], on: device).gather(
      from: padded.reshaped([shape[0], shape[1], places.pixelCount]), as: "Im2ColBackward0"
    ).reshaped([shape[0], shape[1] * kernel.0 * kernel.1, places.count])
  }

  /// Images of the sums of all windows that cover a pixel, as `torch.nn.functional.fold`: the opposite of
  /// ``unfolded(_:dilation:padding:stride:)``, whose parameters these are.
  ///
  /// - Parameter size: Rows and columns of the images.
  /// - Returns: [N, C, rows, columns] for this tensor's [N, C · rows · columns of the window, places].
  public func folded(
    to size: (Int, Int), _ kernel: (Int, Int), dilation: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
    stride: (Int, Int) = (1, 1)
  ) -> Tensor {
    requireFloatingPoint(for: "folded")
    let window = SlidingWindow(kernel: kernel, stride: stride, padding: padding, dilation: dilation)
    let places = WindowPlaces(window, height: size.0, width: size.1, of: "folded")
    let area = kernel.0 * kernel.1
    precondition(
      rank == 3 && shape[1] % area == 0 && shape[2] == places.count,
      "folded to \(size) of shape \(shape) with a window of \(kernel): needs shape [N, C · \(area), \(places.count)]")
    let channels = shape[1] / area
    return places.indexed(batch: shape[0], channels: channels, on: device)
      .scatter(reshaped([shape[0], channels, area * places.count]))
      .reshaped([shape[0], channels, places.paddedSize.0, places.paddedSize.1])
      .padded([(-padding.0, -padding.0), (-padding.1, -padding.1)])
  }
}

/// Where a window lies on padded images.
private struct WindowPlaces {
  private let window: SlidingWindow
  private let output: (Int, Int)
  /// Rows and columns of the images with their padding.
  let paddedSize: (Int, Int)

  init(_ window: SlidingWindow, height: Int, width: Int, of operation: String) {
    self.window = window
    output = window.outputSize(height: height, width: width, of: operation)
    paddedSize = (height + 2 * window.padding.0, width + 2 * window.padding.1)
  }

  var count: Int { output.0 * output.1 }
  var pixelCount: Int { paddedSize.0 * paddedSize.1 }

  /// The pixels under each element of the window, place by place, in tensors of shape [batch, channels, pixels].
  func indexed(batch: Int, channels: Int, on device: Device) -> IndexedPlaces {
    // Computed on the device at hand: a copy from the processor would keep a step from being recorded.
    func steps(_ count: Int, _ size: Int, _ shape: [Int]) -> Tensor {
      (Tensor.arange(count, device: device) * size).reshaped(shape)
    }
    let rows =
      steps(window.kernel.0, window.dilation.0, [-1, 1, 1, 1]) + steps(output.0, window.stride.0, [1, 1, -1, 1])
    let columns =
      steps(window.kernel.1, window.dilation.1, [1, -1, 1, 1]) + steps(output.1, window.stride.1, [1, 1, 1, -1])
    let pixels = (rows * paddedSize.1 + columns).reshaped([-1])
    return IndexedPlaces(
      pixels, isShared: true, along: 2, of: [batch, channels, pixelCount], size: pixels.count)
  }
}
