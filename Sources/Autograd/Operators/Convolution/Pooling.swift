extension Tensor {
  /// The largest element of every window, as `torch.nn.functional.max_pool2d`.
  ///
  /// - Parameters:
  ///   - kernel: Rows and columns of the window.
  ///   - stride: Rows and columns from one window to the next; the kernel's if left out.
  ///   - padding: Rows and columns of minus infinity around the image, at most half of the kernel.
  ///   - dilation: Rows and columns between the elements under the window.
  ///   - roundsUp: Whether the last windows may end beyond the image, PyTorch's `ceil_mode`.
  /// - Returns: [N, C, H′, W′] for this tensor's [N, C, H, W].
  public func maxPool2d(
    _ kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1),
    roundsUp: Bool = false
  ) -> Tensor {
    let (window, pooled) = pooling("maxPool2d", kernel, stride, padding, dilation, roundsUp: roundsUp)
    let x = self
    let y = Tensor(uninitialized: pooled, dtype: dtype, device: device)
    backend.maximumPool(x, window, into: y)
    let places = PooledMaxima(input: x.detached(), maxima: y.detached(), window: window)
    return y.recorded(as: "MaxPool2DWithIndicesBackward0", from: [x], saving: [x, y]) { gradient, inputs in
      inputs.add(0, places.scatter(gradient))
    }
  }

  /// The mean of every window, as `torch.nn.functional.avg_pool2d`.
  ///
  /// - Parameters:
  ///   - kernel: Rows and columns of the window.
  ///   - stride: Rows and columns from one window to the next; the kernel's if left out.
  ///   - padding: Rows and columns of zeros around the image, at most half of the kernel.
  ///   - roundsUp: Whether the last windows may end beyond image and padding, PyTorch's `ceil_mode`; what is beyond does not
  ///     count in the mean.
  ///   - countsPadding: Whether the zeros of the padding count in the mean, PyTorch's `count_include_pad`.
  ///   - divisor: What all sums are divided by, whatever counts; not 0. PyTorch's `divisor_override`.
  /// - Returns: [N, C, H′, W′] for this tensor's [N, C, H, W].
  public func averagePool2d(
    _ kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), roundsUp: Bool = false,
    countsPadding: Bool = true, divisor: Int? = nil
  ) -> Tensor {
    let (window, pooled) = pooling("averagePool2d", kernel, stride, padding, (1, 1), roundsUp: roundsUp)
    let means = averaged(over: window, into: pooled)
    // The sums were divided by the elements of whole windows.
    if let divisor {
      precondition(divisor != 0, "averagePool2d: a divisor of 0")
      return means * (Double(kernel.0 * kernel.1) / Double(divisor))
    }
    guard roundsUp || !countsPadding && padding != (0, 0) else { return means }
    func corrections(_ count: Int, _ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int) -> Tensor {
      // Computed on the device at hand: a copy from the processor would keep a step from being recorded.
      let start = Tensor.arange(count, device: device).cast(to: dtype) * stride - padding
      let end = (start + kernel).clamped(max: Double(countsPadding ? size + padding : size))
      // Of a window of padding alone the sum is 0, whatever it is divided by.
      return kernel / (end - (countsPadding ? start : start.clamped(min: 0))).clamped(min: 1)
    }
    let ofRows = corrections(pooled[2], shape[2], kernel.0, window.stride.0, padding.0)
    let ofColumns = corrections(pooled[3], shape[3], kernel.1, window.stride.1, padding.1)
    return means * (ofRows.unsqueezed(1) * ofColumns)
  }

  /// The window of a pooling and the shape of its result.
  private func pooling(
    _ operation: String, _ kernel: (Int, Int), _ stride: (Int, Int)?, _ padding: (Int, Int), _ dilation: (Int, Int),
    roundsUp: Bool
  ) -> (window: SlidingWindow, result: [Int]) {
    precondition(
      rank == 4 && shape[2] > 0 && shape[3] > 0, "\(operation) needs shape [N, C, H, W] with pixels, not \(shape)")
    precondition(
      padding.0 * 2 <= kernel.0 && padding.1 * 2 <= kernel.1,
      "\(operation): padding \(padding) is more than half of the kernel \(kernel)")
    let window = SlidingWindow(kernel: kernel, stride: stride ?? kernel, padding: padding, dilation: dilation)
    let (height, width) = window.outputSize(height: shape[2], width: shape[3], roundsUp: roundsUp, of: operation)
    return (window, [shape[0], shape[1], height, width])
  }

  // The two operations below are each other's gradients.

  private func averaged(over window: SlidingWindow, into pooled: [Int]) -> Tensor {
    let original = shape
    let result = Tensor(uninitialized: pooled, dtype: dtype, device: device)
    backend.averagePool(self, window, into: result)
    return result.recorded(as: "AvgPool2DBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, gradient.spread(over: window, into: original))
    }
  }

  private func spread(over window: SlidingWindow, into original: [Int]) -> Tensor {
    let pooled = shape
    let result = Tensor(uninitialized: original, dtype: dtype, device: device)
    backend.averagePoolSpread(self, window, into: result)
    return result.recorded(as: "AvgPool2DBackwardBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, gradient.averaged(over: window, into: pooled))
    }
  }
}

/// Where the maxima of a pooling came from. Scattering to those places and gathering from them are each other's
/// gradients.
struct PooledMaxima {
  let input: Tensor
  let maxima: Tensor
  let window: SlidingWindow

  func scatter(_ values: Tensor) -> Tensor {
    let result = Tensor(uninitialized: input.shape, dtype: input.dtype, device: input.device)
    input.backend.maximumPoolScatter(values, input, maxima, window, into: result)
    return result.recorded(as: "MaxPool2DWithIndicesBackwardBackward0", from: [values]) { gradient, inputs in
      inputs.add(0, gather(gradient))
    }
  }

  private func gather(_ values: Tensor) -> Tensor {
    let result = Tensor(uninitialized: maxima.shape, dtype: input.dtype, device: input.device)
    input.backend.maximumPoolGather(values, input, maxima, window, into: result)
    return result.recorded(as: "GatherBackward0", from: [values]) { gradient, inputs in
      inputs.add(0, scatter(gradient))
    }
  }
}
