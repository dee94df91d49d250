/// The transpose of a one-dimensional convolution, as `torch.nn.ConvTranspose1d`: what lengthens sequences.
public final class ConvTranspose1d: Module, Layer {
  /// [input channels, output channels / groups, kernel].
  public let weight: Parameter
  /// [output channels], or `nil`.
  public let bias: Parameter?
  private let stride: Int
  private let padding: Int
  private let outputPadding: Int
  private let dilation: Int
  private let groups: Int

  /// A layer with PyTorch's initial values: uniform between ±1/√(output channels / groups · kernel).
  ///
  /// - Parameters:
  ///   - kernel: The length of the kernel.
  ///   - stride: Elements from one kernel to the next in the result.
  ///   - padding: Elements cut off each end of the result.
  ///   - outputPadding: Elements added at the end of the result, fewer than `stride` or than `dilation`.
  ///   - dilation: Elements from one of the kernel to the next.
  ///   - groups: The number of parts into which channels are divided.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true, dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) {
    self.stride = stride
    self.padding = padding
    self.outputPadding = outputPadding
    self.dilation = dilation
    self.groups = groups
    (weight, self.bias) = Parameter.convolution(
      of: "ConvTranspose1d", inputChannels, outputChannels, kernel: [kernel], groups: groups, isTransposed: true,
      bias: bias, dtype: dtype, generator: generator)
  }

  /// [N, C, L] → [N, output channels, L′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.convTranspose1d(
      weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, dilation: dilation,
      groups: groups)
  }
}
