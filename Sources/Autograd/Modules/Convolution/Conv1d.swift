/// One-dimensional cross-correlation, as `torch.nn.Conv1d`: of sequences of values in several channels.
public final class Conv1d: Module, Layer {
  /// [output channels, input channels / groups, kernel].
  public let weight: Parameter
  /// [output channels], or `nil`.
  public let bias: Parameter?
  private let stride: Int
  private let padding: Int
  private let dilation: Int
  private let groups: Int

  /// A layer with PyTorch's initial values: uniform between ±1/√(input channels / groups · kernel).
  ///
  /// - Parameters:
  ///   - kernel: The length of the kernel.
  ///   - stride: Elements from one window to the next.
  ///   - padding: Zeros on each side of the sequence.
  ///   - dilation: Elements from one of the kernel to the next.
  ///   - groups: The number of parts into which channels are divided.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    (weight, self.bias) = Parameter.convolution(
      of: "Conv1d", inputChannels, outputChannels, kernel: [kernel], groups: groups, bias: bias, dtype: dtype,
      generator: generator)
  }

  /// [N, C, L] → [N, output channels, L′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.conv1d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}
