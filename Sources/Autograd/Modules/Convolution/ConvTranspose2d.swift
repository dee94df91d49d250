/// The transpose of a two-dimensional convolution, as `torch.nn.ConvTranspose2d`: what enlarges images.
public final class ConvTranspose2d: Module, Layer {
  /// [input channels, output channels / groups, kernel height, kernel width].
  public let weight: Parameter
  /// [output channels], or `nil`.
  public let bias: Parameter?
  private let stride: (Int, Int)
  private let padding: (Int, Int)
  private let outputPadding: (Int, Int)
  private let dilation: (Int, Int)
  private let groups: Int

  /// A layer with square kernels and PyTorch's initial values: uniform between ±1/√(output channels / groups · kernel²).
  ///
  /// - Parameters:
  ///   - kernel: Rows and columns of the kernel.
  ///   - stride: Rows and columns from one kernel to the next in the result.
  ///   - padding: Rows and columns cut off each side of the result.
  ///   - outputPadding: Rows and columns added below and to the right of the result, fewer than `stride` or than `dilation`.
  ///   - dilation: Rows and columns between the elements of a kernel.
  ///   - groups: The number of parts into which channels are divided.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public convenience init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0,
    outputPadding: Int = 0, dilation: Int = 1, groups: Int = 1, bias: Bool = true, dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) {
    self.init(
      inputChannels, outputChannels, kernel: (kernel, kernel), stride: (stride, stride), padding: (padding, padding),
      outputPadding: (outputPadding, outputPadding), dilation: (dilation, dilation), groups: groups, bias: bias,
      dtype: dtype, generator: generator)
  }

  /// The same with sizes of their own for rows, given first, and columns, as in `kernel: (1, 4), stride: (1, 2)`.
  public init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: (Int, Int), stride: (Int, Int) = (1, 1),
    padding: (Int, Int) = (0, 0), outputPadding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1,
    bias: Bool = true, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    self.stride = stride
    self.padding = padding
    self.outputPadding = outputPadding
    self.dilation = dilation
    self.groups = groups
    (weight, self.bias) = Parameter.convolution(
      of: "ConvTranspose2d", inputChannels, outputChannels, kernel: [kernel.0, kernel.1], groups: groups,
      isTransposed: true, bias: bias, dtype: dtype, generator: generator)
  }

  /// [N, C, H, W] → [N, output channels, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.convTranspose2d(
      weight, bias: bias, stride: stride, padding: padding, outputPadding: outputPadding, dilation: dilation,
      groups: groups)
  }
}
