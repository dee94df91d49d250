/// The largest element of every window, as `torch.nn.MaxPool2d`.
public final class MaxPool2d: Module, Layer {
  private let kernel: Int
  private let stride: Int
  private let padding: Int

  /// Square windows of `kernel` rows and columns, `stride` apart (the kernel's size if left out).
  public init(_ kernel: Int, stride: Int? = nil, padding: Int = 0) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
  }

  /// Whether windows are of 2 × 2 elements and touch, without padding.
  var isTwoByTwo: Bool { kernel == 2 && stride == 2 && padding == 0 }

  /// [N, C, H, W] → [N, C, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.maxPool2d((kernel, kernel), stride: (stride, stride), padding: (padding, padding))
  }
}

/// The mean of every window, as `torch.nn.AvgPool2d`.
public final class AvgPool2d: Module, Layer {
  private let kernel: Int
  private let stride: Int
  private let padding: Int

  /// Square windows of `kernel` rows and columns, `stride` apart (the kernel's size if left out); the zeros of the
  /// padding count in the mean.
  public init(_ kernel: Int, stride: Int? = nil, padding: Int = 0) {
    self.kernel = kernel
    self.stride = stride ?? kernel
    self.padding = padding
  }

  /// [N, C, H, W] → [N, C, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.averagePool2d((kernel, kernel), stride: (stride, stride), padding: (padding, padding))
  }
}

/// The mean over parts of an image that cover it evenly, as `torch.nn.AdaptiveAvgPool2d`: a result of one size for images of
/// any.
public final class AdaptiveAvgPool2d: Module, Layer {
  private let size: Int

  /// Results of `size` rows and columns.
  public init(_ size: Int) {
    precondition(size > 0, "AdaptiveAvgPool2d: a result of \(size) rows")
    self.size = size
  }

  /// [N, C, H, W] → [N, C, size, size].
  public func callAsFunction(_ x: Tensor) -> Tensor { x.adaptiveAveragePool2d((size, size)) }
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
