/// The largest element of every window of a volume, as `torch.nn.MaxPool3d`.
public final class MaxPool3d: Module, Layer {
  private let kernel: (Int, Int, Int)
  private let stride: (Int, Int, Int)
  private let padding: (Int, Int, Int)
  private let dilation: (Int, Int, Int)
  private let roundsUp: Bool

  /// Cubic windows of `kernel` slices, rows and columns, `stride` apart (the kernel's size if left out).
  ///
  /// - Parameters:
  ///   - padding: Slices, rows and columns of minus infinity around the volume, at most half of the kernel.
  ///   - dilation: Slices, rows and columns between the elements under a window.
  ///   - roundsUp: Whether the last windows may end beyond the volume, PyTorch's `ceil_mode`.
  public convenience init(
    _ kernel: Int, stride: Int? = nil, padding: Int = 0, dilation: Int = 1, roundsUp: Bool = false
  ) {
    self.init(
      (kernel, kernel, kernel), stride: stride.map { ($0, $0, $0) }, padding: (padding, padding, padding),
      dilation: (dilation, dilation, dilation), roundsUp: roundsUp)
  }

  /// The same with sizes of their own for slices, rows and columns, as in `MaxPool3d((1, 2, 2))`.
  public init(
    _ kernel: (Int, Int, Int), stride: (Int, Int, Int)? = nil, padding: (Int, Int, Int) = (0, 0, 0),
    dilation: (Int, Int, Int) = (1, 1, 1), roundsUp: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
    self.dilation = dilation
    self.roundsUp = roundsUp
  }

  /// [N, C, D, H, W] → [N, C, D′, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.maxPool3d(kernel, stride: stride, padding: padding, dilation: dilation, roundsUp: roundsUp)
  }
}

/// The mean of every window of a volume, as `torch.nn.AvgPool3d`.
public final class AvgPool3d: Module, Layer {
  private let kernel: (Int, Int, Int)
  private let stride: (Int, Int, Int)
  private let padding: (Int, Int, Int)
  private let roundsUp: Bool
  private let countsPadding: Bool
  private let divisor: Int?

  /// Cubic windows of `kernel` slices, rows and columns, `stride` apart (the kernel's size if left out).
  ///
  /// - Parameters:
  ///   - padding: Slices, rows and columns of zeros around the volume, at most half of the kernel.
  ///   - roundsUp: Whether the last windows may end beyond volume and padding, PyTorch's `ceil_mode`.
  ///   - countsPadding: Whether the zeros count in the mean, PyTorch's `count_include_pad`.
  ///   - divisor: What all sums are divided by, whatever counts, PyTorch's `divisor_override`.
  public convenience init(
    _ kernel: Int, stride: Int? = nil, padding: Int = 0, roundsUp: Bool = false, countsPadding: Bool = true,
    divisor: Int? = nil
  ) {
    self.init(
      (kernel, kernel, kernel), stride: stride.map { ($0, $0, $0) }, padding: (padding, padding, padding),
      roundsUp: roundsUp, countsPadding: countsPadding, divisor: divisor)
  }

  /// The same with sizes of their own for slices, rows and columns, as in `AvgPool3d((1, 2, 2))`.
  public init(
    _ kernel: (Int, Int, Int), stride: (Int, Int, Int)? = nil, padding: (Int, Int, Int) = (0, 0, 0),
    roundsUp: Bool = false, countsPadding: Bool = true, divisor: Int? = nil
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
    self.roundsUp = roundsUp
    self.countsPadding = countsPadding
    self.divisor = divisor
  }

  /// [N, C, D, H, W] → [N, C, D′, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.averagePool3d(
      kernel, stride: stride, padding: padding, roundsUp: roundsUp, countsPadding: countsPadding, divisor: divisor)
  }
}
