/// The largest element of every window of a sequence, as `torch.nn.MaxPool1d`.
public final class MaxPool1d: Module, Layer {
  private let window: SequenceWindow

  /// Windows of `kernel` elements, `stride` apart (the kernel's size if left out).
  ///
  /// - Parameters:
  ///   - padding: Elements of minus infinity at each end, at most half of the kernel.
  ///   - roundsUp: Whether the last window may end beyond the sequence, PyTorch's `ceil_mode`.
  public init(_ kernel: Int, stride: Int? = nil, padding: Int = 0, roundsUp: Bool = false) {
    window = SequenceWindow(kernel, stride: stride, padding: padding, roundsUp: roundsUp, of: "MaxPool1d")
  }

  /// [N, C, L] → [N, C, L′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    window.image(x).maxPool2d(window.kernel, stride: window.stride, padding: window.padding, roundsUp: window.roundsUp)
      .squeezed(2)
  }
}

/// The mean of every window of a sequence, as `torch.nn.AvgPool1d`.
public final class AvgPool1d: Module, Layer {
  private let window: SequenceWindow
  private let countsPadding: Bool

  /// Windows of `kernel` elements, `stride` apart (the kernel's size if left out).
  ///
  /// - Parameters:
  ///   - padding: Zeros at each end, at most half of the kernel.
  ///   - roundsUp: Whether the last window may end beyond sequence and padding, PyTorch's `ceil_mode`.
  ///   - countsPadding: Whether the zeros count in the mean, PyTorch's `count_include_pad`.
  public init(
    _ kernel: Int, stride: Int? = nil, padding: Int = 0, roundsUp: Bool = false, countsPadding: Bool = true
  ) {
    window = SequenceWindow(kernel, stride: stride, padding: padding, roundsUp: roundsUp, of: "AvgPool1d")
    self.countsPadding = countsPadding
  }

  /// [N, C, L] → [N, C, L′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    window.image(x).averagePool2d(
      window.kernel, stride: window.stride, padding: window.padding, roundsUp: window.roundsUp,
      countsPadding: countsPadding
    ).squeezed(2)
  }
}

/// A window that slides over a sequence, as one over an image of one row.
private struct SequenceWindow {
  let kernel: (Int, Int)
  let stride: (Int, Int)
  let padding: (Int, Int)
  let roundsUp: Bool
  private let layer: StaticString

  init(_ kernel: Int, stride: Int?, padding: Int, roundsUp: Bool, of layer: StaticString) {
    precondition(
      kernel > 0 && stride ?? 1 > 0 && (0...kernel / 2).contains(padding),
      "\(layer): kernel \(kernel) and stride \(stride ?? kernel) must be positive, and padding \(padding) at most half of "
        + "the kernel")
    self.kernel = (1, kernel)
    self.stride = (1, stride ?? kernel)
    self.padding = (0, padding)
    self.roundsUp = roundsUp
    self.layer = layer
  }

  /// [N, C, L] → [N, C, 1, L].
  func image(_ x: Tensor) -> Tensor {
    precondition(
      x.rank == 3 && x.shape[2] + 2 * padding.1 >= kernel.1,
      "\(layer): a kernel of \(kernel.1) with padding \(padding.1) does not fit shape \(x.shape), [N, C, L]")
    return x.unsqueezed(2)
  }
}
