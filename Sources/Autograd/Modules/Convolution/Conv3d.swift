/// Three-dimensional cross-correlation, as `torch.nn.Conv3d`: of volumes, or of the pictures of a film.
public final class Conv3d: Module, Layer {
  /// [output channels, input channels / groups, kernel depth, kernel height, kernel width].
  public let weight: Parameter
  /// [output channels], or `nil`.
  public let bias: Parameter?
  private let stride: (Int, Int, Int)
  private let padding: (Int, Int, Int)
  private let dilation: (Int, Int, Int)
  private let groups: Int

  /// A layer with cubic kernels and PyTorch's initial values: uniform between ±1/√fan-in, the fan-in being the number of
  /// input elements under a kernel.
  ///
  /// - Parameters:
  ///   - kernel: Slices, rows and columns of the kernel.
  ///   - stride: Slices, rows and columns from one window to the next.
  ///   - padding: Zeros on each side of the volume.
  ///   - dilation: Slices, rows and columns between the elements under the kernel.
  ///   - groups: The number of parts into which channels are divided.
  ///   - generator: Where the initial values are drawn from; the thread's default one if left out.
  public convenience init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: Int, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1, bias: Bool = true, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    self.init(
      inputChannels, outputChannels, kernel: (kernel, kernel, kernel), stride: (stride, stride, stride),
      padding: (padding, padding, padding), dilation: (dilation, dilation, dilation), groups: groups, bias: bias,
      dtype: dtype, generator: generator)
  }

  /// The same with sizes of their own for slices, rows and columns, as in `kernel: (1, 3, 3), padding: (0, 1, 1)`.
  public init(
    _ inputChannels: Int, _ outputChannels: Int, kernel: (Int, Int, Int), stride: (Int, Int, Int) = (1, 1, 1),
    padding: (Int, Int, Int) = (0, 0, 0), dilation: (Int, Int, Int) = (1, 1, 1), groups: Int = 1, bias: Bool = true,
    dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) {
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    (weight, self.bias) = Parameter.convolution(
      of: "Conv3d", inputChannels, outputChannels, kernel: [kernel.0, kernel.1, kernel.2], groups: groups, bias: bias,
      dtype: dtype, generator: generator)
  }

  /// [N, C, D, H, W] → [N, output channels, D′, H′, W′].
  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.conv3d(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
  }
}
