extension Tensor {
  /// The largest element of every window, as `torch.nn.functional.max_pool3d`.
  ///
  /// - Parameters:
  ///   - kernel: Slices, rows and columns of the window.
  ///   - stride: Slices, rows and columns from one window to the next; the kernel's if left out.
  ///   - padding: Slices, rows and columns of minus infinity around the volume, at most half of the kernel.
  ///   - dilation: Slices, rows and columns between the elements under the window.
  ///   - roundsUp: Whether the last windows may end beyond the volume, PyTorch's `ceil_mode`.
  /// - Returns: [N, C, D′, H′, W′] for this tensor's [N, C, D, H, W].
  public func maxPool3d(
    _ kernel: (Int, Int, Int), stride: (Int, Int, Int)? = nil, padding: (Int, Int, Int) = (0, 0, 0),
    dilation: (Int, Int, Int) = (1, 1, 1), roundsUp: Bool = false
  ) -> Tensor {
    let stride = stride ?? kernel
    return pooledInTurn("maxPool3d") {
      $0.maxPool2d(
        (kernel.1, kernel.2), stride: (stride.1, stride.2), padding: (padding.1, padding.2),
        dilation: (dilation.1, dilation.2), roundsUp: roundsUp)
    } alongDepth: {
      $0.maxPool2d(
        (kernel.0, 1), stride: (stride.0, 1), padding: (padding.0, 0), dilation: (dilation.0, 1), roundsUp: roundsUp)
    }
  }

  /// The mean of every window, as `torch.nn.functional.avg_pool3d`.
  ///
  /// - Parameters:
  ///   - kernel: Slices, rows and columns of the window.
  ///   - stride: Slices, rows and columns from one window to the next; the kernel's if left out.
  ///   - padding: Slices, rows and columns of zeros around the volume, at most half of the kernel.
  ///   - roundsUp: Whether the last windows may end beyond volume and padding, PyTorch's `ceil_mode`; what is beyond does not
  ///     count in the mean.
  ///   - countsPadding: Whether the zeros of the padding count in the mean, PyTorch's `count_include_pad`.
  ///   - divisor: What all sums are divided by, whatever counts; not 0. PyTorch's `divisor_override`.
  /// - Returns: [N, C, D′, H′, W′] for this tensor's [N, C, D, H, W].
  public func averagePool3d(
    _ kernel: (Int, Int, Int), stride: (Int, Int, Int)? = nil, padding: (Int, Int, Int) = (0, 0, 0),
    roundsUp: Bool = false, countsPadding: Bool = true, divisor: Int? = nil
  ) -> Tensor {
    let stride = stride ?? kernel
    return pooledInTurn("averagePool3d") {
      $0.averagePool2d(
        (kernel.1, kernel.2), stride: (stride.1, stride.2), padding: (padding.1, padding.2), roundsUp: roundsUp,
        countsPadding: countsPadding, divisor: divisor)
    } alongDepth: {
      $0.averagePool2d(
        (kernel.0, 1), stride: (stride.0, 1), padding: (padding.0, 0), roundsUp: roundsUp,
        countsPadding: countsPadding, divisor: divisor.map { _ in 1 })
    }
  }

  /// Pools each slice's rows and columns, as an image, and then the places of all slices, as an image of a row a slice.
  func pooledInTurn(
    _ operation: String, slices: (Tensor) -> Tensor, alongDepth: (Tensor) -> Tensor
  ) -> Tensor {
    precondition(rank == 5, "\(operation) needs shape [N, C, D, H, W], not \(shape)")
    let flat = slices(flattened(from: 1, through: 2))
    let (height, width) = (flat.shape[2], flat.shape[3])
    let deep = alongDepth(flat.reshaped([shape[0], shape[1], shape[2], height * width]))
    return deep.reshaped([shape[0], shape[1], deep.shape[2], height, width])
  }
}
