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

  /// Square windows of `kernel` rows and columns, `stride` apart (the kernel's size if left out).
  ///
  /// - Parameters:
  ///   - padding: Rows and columns of zeros around the image, which count in the mean, at most half of the kernel.
  ///   - roundsUp: Whether the last windows may end beyond image and padding, PyTorch's `ceil_mode`.
  public convenience init(_ kernel: Int, stride: Int? = nil, padding: Int = 0, roundsUp: Bool = false) {
    self.init((kernel, kernel), stride: stride.map { ($0, $0) }, padding: (padding, padding), roundsUp: roundsUp)
  }

  /// The same with sizes of their own for rows, given first, and columns, as in `AvgPool2d((1, 2))`.
  public init(
    _ kernel: (Int, Int), stride: (Int, Int)? = nil, padding: (Int, Int) = (0, 0), roundsUp: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
    self.roundsUp = roundsUp
  }

  /// [N, C, H, W] → [N, C, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.averagePool2d(kernel, stride: stride, padding: padding, roundsUp: roundsUp)
  }
}

/// The mean over parts of an image that cover it evenly, as `torch.nn.AdaptiveAvgPool2d`: a result of one size for images of
/// any.
public final class AdaptiveAvgPool2d: Module, Layer {
  private let size: (Int, Int)

  /// Results of `size` rows and columns.
  public convenience init(_ size: Int) { self.init((size, size)) }

  /// Results of as many rows as the first number says and as many columns as the second.
  public init(_ size: (Int, Int)) {
    precondition(size.0 > 0 && size.1 > 0, "AdaptiveAvgPool2d: a result of \(size.0) rows and \(size.1) columns")
    self.size = size
  }

  /// [N, C, H, W] → [N, C, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.adaptiveAveragePool2d(size) }
}

/// The largest element of every window of a volume, as `torch.nn.MaxPool3d`.
public final class MaxPool3d: Module, Layer {
  private let kernel: (Int, Int, Int)
  private let stride: (Int, Int, Int)
  private let padding: (Int, Int, Int)
  private let roundsUp: Bool

  /// Cubic windows of `kernel` slices, rows and columns, `stride` apart (the kernel's size if left out).
  ///
  /// - Parameters:
  ///   - padding: Slices, rows and columns of minus infinity around the volume, at most half of the kernel.
  ///   - roundsUp: Whether the last windows may end beyond the volume, PyTorch's `ceil_mode`.
  public convenience init(_ kernel: Int, stride: Int? = nil, padding: Int = 0, roundsUp: Bool = false) {
    self.init(
      (kernel, kernel, kernel), stride: stride.map { ($0, $0, $0) }, padding: (padding, padding, padding),
      roundsUp: roundsUp)
  }

  /// The same with sizes of their own for slices, rows and columns, as in `MaxPool3d((1, 2, 2))`.
  public init(
    _ kernel: (Int, Int, Int), stride: (Int, Int, Int)? = nil, padding: (Int, Int, Int) = (0, 0, 0),
    roundsUp: Bool = false
  ) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
    self.roundsUp = roundsUp
  }

  /// [N, C, D, H, W] → [N, C, D′, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.maxPool3d(kernel, stride: stride, padding: padding, roundsUp: roundsUp)
  }
}

/// The largest element of every window of a sequence, as `torch.nn.MaxPool1d`.
public final class MaxPool1d: Module, Layer {
  private let kernel: Int
  private let stride: Int
  private let padding: Int

  /// Windows of `kernel` elements, `stride` apart (the kernel's size if left out).
  public init(_ kernel: Int, stride: Int? = nil, padding: Int = 0) {
    precondition(
      kernel > 0 && stride ?? 1 > 0 && (0...kernel / 2).contains(padding),
      "MaxPool1d: kernel \(kernel) and stride \(stride ?? kernel) must be positive, and padding \(padding) at most half of "
        + "the kernel")
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
  }

  /// [N, C, L] → [N, C, L′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    precondition(
      x.rank == 3 && x.shape[2] + 2 * padding >= kernel,
      "MaxPool1d: a kernel of \(kernel) with padding \(padding) does not fit shape \(x.shape), [N, C, L]"
    )
    return x.unsqueezed(2).maxPool2d((1, kernel), stride: (1, stride), padding: (0, padding)).squeezed(2)
  }
}
