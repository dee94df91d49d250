/// The largest element of every window, as `torch.nn.MaxPool2d`.
public final class MaxPool2d: Module, Layer {
  private let kernel: (Int, Int)
  private let stride: (Int, Int)
  private let padding: (Int, Int)
  private let dilation: (Int, Int)
  private let roundsUp: Bool

  /// Square windows of `kernel` rows and columns, `stride` apart (the kernel's size if left out).
  ///
  /// - Parameters:
  ///   - padding: Rows and columns of minus infinity around the image, at most half of the kernel.
  ///   - dilation: Rows and columns between the elements under a window.
  ///   - roundsUp: Whether the last windows may end beyond the image, PyTorch's `ceil_mode`.
  public convenience init(
    _ kernel: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, roundsUp: Bool = false
  ) {
    self.init(
      (kernel, kernel), stride: stride.map { ($0, $0) }, padding: (padding, padding), dilation: (dilation, dilation),
      roundsUp: roundsUp)
  }

  /// The same with sizes of their own for rows, given first, and columns, as in `MaxPool2d((1, 2))`.
  public init(
    _ kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1),
    roundsUp: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
    self.dilation = dilation
    self.roundsUp = roundsUp
  }

  /// Whether windows are of 2 × 2 elements and touch, without padding, and none ends beyond the image.
  var isTwoByTwo: Bool {
    kernel == (2, 2) && stride == (2, 2) && padding == (0, 0) && dilation == (1, 1) && !roundsUp
  }

  /// [N, C, H, W] → [N, C, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.maxPool2d(kernel, stride: stride, padding: padding, dilation: dilation, roundsUp: roundsUp)
  }
}

/// The mean of every window, as `torch.nn.AvgPool2d`.
public final class AvgPool2d: Module, Layer {
  private let kernel: (Int, Int)
  private let stride: (Int, Int)
  private let padding: (Int, Int)
  private let roundsUp: Bool
  private let countsPadding: Bool
  private let divisor: Int?

  /// Square windows of `kernel` rows and columns, `stride` apart (the kernel's size if left out).
  ///
  /// - Parameters:
  ///   - padding: Rows and columns of zeros around the image, at most half of the kernel.
  ///   - roundsUp: Whether the last windows may end beyond image and padding, PyTorch's `ceil_mode`.
  ///   - countsPadding: Whether the zeros count in the mean, PyTorch's `count_include_pad`.
  ///   - divisor: What all sums are divided by, whatever counts, PyTorch's `divisor_override`.
  public convenience init(
    _ kernel: Int, stride: Int? = nil, padding: Int = 0, roundsUp: Bool = false, countsPadding: Bool = true,
    divisor: Int? = nil
  ) {
    self.init(
      (kernel, kernel), stride: stride.map { ($0, $0) }, padding: (padding, padding), roundsUp: roundsUp,
      countsPadding: countsPadding, divisor: divisor)
  }

  /// The same with sizes of their own for rows, given first, and columns, as in `AvgPool2d((1, 2))`.
  public init(
    _ kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), roundsUp: Bool = false,
    countsPadding: Bool = true, divisor: Int? = nil
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
    self.roundsUp = roundsUp
    self.countsPadding = countsPadding
    self.divisor = divisor
  }

  /// [N, C, H, W] → [N, C, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.averagePool2d(
      kernel, stride: stride, padding: padding, roundsUp: roundsUp, countsPadding: countsPadding, divisor: divisor)
  }
}
