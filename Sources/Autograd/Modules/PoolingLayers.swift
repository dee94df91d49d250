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
