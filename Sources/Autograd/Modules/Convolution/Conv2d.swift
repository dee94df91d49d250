/// Two-dimensional cross-correlation, as `torch.nn.Conv2d`.
public final class Conv2d: Module, Layer {
  /// [output channels, input channels / groups, kernel height, kernel width].
  public let weight: Parameter
  /// [output channels], or `nil`.
  public let bias: Parameter?
  private let stride: (Int, Int)
  private let padding: (Int, Int)
  private let dilation: (Int, Int)
  private let groups: Int

  /// A layer with square kernels and PyTorch's initial values: uniform between ±1/√fan-in, the fan-in being the
  /// number of input elements under a kernel.
  ///
  /// - Parameters:
  ///   - kernel: Rows and columns of the kernel.
  ///   - stride: Rows and columns from one window to the next.
  ///   - padding: Zeros on each side of the image.
  ///   - dilation: Rows and columns between the elements under the kernel.
  ///   - groups: The number of parts into which channels are divided.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public convenience init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    self.init(
      inputChannels, outputChannels, kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding),
      dilation: (dilation, dilation), groups: groups, bias: bias, dtype: dtype, generator: generator)
  }

  /// The same with sizes of their own for rows, given first, and columns, as in `kernel: (1, 7), padding: (0, 3)`.
  public init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: (Int, Int), stride: (Int, Int) = (1, 1),
    padding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1, bias: Bool = true,
    dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    (weight, self.bias) = Parameter.convolution(
      of: "Conv2d", inputChannels, outputChannels, kernel: [kernel.0, kernel.1], groups: groups, bias: bias,
      dtype: dtype, generator: generator)
  }

  /// [N, C, H, W] → [N, output channels, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.conv2d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }

  /// Whether the layers after this one are a ReLU and a maximum pooling of 2 × 2.
  func isPooled(by next: ArraySlice<any Layer>) -> Bool {
    guard next.count > 1, next[next.startIndex] is ReLU, let pooling = next[next.startIndex + 1] as? MaxPool2d else {
      return false
    }
    return pooling.isTwoByTwo
  }

  /// The result of this layer and those two.
  func pooled(_ x: Tensor) -> Tensor {
    x.pooledConv2d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}
