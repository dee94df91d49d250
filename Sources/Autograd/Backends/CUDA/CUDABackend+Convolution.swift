extension CUDABackend {
  func convolution(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into result: Tensor
  ) {
    guard let plan = libraryPlan(.output, geometry, x.dtype), compute(plan, x, weight, into: result) else {
      return gather(Gather(geometry), weight, from: x, bias: bias, into: result)
    }
    if let bias { binary(.add, result, bias.part(shape: [bias.count, 1, 1]), into: result) }
  }

  func filters(_ weight: Tensor, of geometry: ConvolutionGeometry) -> Tensor {
    // In float32 operands are as they are.
    guard ProductPrecision.current != .float32, let library = suitableLibrary(geometry, weight.dtype) else {
      return weight
    }
    return library.layoutOfFilters(geometry, .current).map { kept(weight, as: $0) } ?? weight
  }

  func convolutionInputGradient(
    _ gradient: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor, adding: Bool
  ) {
    if let plan = libraryPlan(.imageGradient, geometry, gradient.dtype),
      compute(plan, weight, gradient, into: result, adding: adding)
    {
      return
    }
    guard !adding else {
      return add(to: result) { convolutionInputGradient(gradient, weight, geometry, into: $0, adding: false) }
    }
    gather(Gather(inputGradient: geometry), weight, from: gradient, bias: nil, into: result)
  }

  private func gather(_ g: Gather, _ weight: Tensor, from source: Tensor, bias: Tensor?, into result: Tensor) {
    guard result.count > 0 else { return }
    let tile = ConvolutionTile(source.dtype, rows: g.channels)
    let taps = g.kernel.0 * g.kernel.1
    let arranged = scratch(g.groups * g.sourceChannels * taps * g.weightChannels, weight.dtype)
    defer { extendLifetime(arranged) }
    let (filters, channels) = g.isTransposed == 0 ? (g.channels, g.sourceChannels) : (g.sourceChannels, g.channels)
    launch(
      "arrange_weights_\(weight.dtype.suffix)", in: .convolution, over: arranged.count, g.groups, filters, channels,
      taps, g.weightChannels, g.isTransposed, weight.address, arranged.address)
    // The first phase has the most places.
    let places =
      g.images * ((g.height + g.phases.0 - 1) / g.phases.0) * ((g.width + g.phases.1 - 1) / g.phases.1)
    device.launch(
      "convolution_gather_\(tile.name)", in: .convolution,
      blocks: LaunchExtent(
        (places + tile.columns - 1) / tile.columns * g.groups * g.phases.0 * g.phases.1,
        (g.channels + tile.rows - 1) / tile.rows),
      threads: LaunchExtent(ConvolutionTile.threads), g, arranged.address, source.address, bias?.address,
      result.address)
  }

  func convolutionWeightGradient(
    _ x: Tensor, _ gradient: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor, adding: Bool
  ) {
    guard result.count > 0 else { return }
    if let plan = libraryPlan(.filterGradient, geometry, x.dtype),
      compute(plan, x, gradient, into: result, adding: adding)
    {
      return
    }
    let c = KernelCorrelation(geometry)
    let tile = ConvolutionTile(x.dtype, rows: c.filters)
    let taps = c.channels * c.kernel.0 * c.kernel.1
    let tiles = LaunchExtent((taps + tile.columns - 1) / tile.columns, (c.filters + tile.rows - 1) / tile.rows)
    let places = c.images * c.output.0 * c.output.1
    // By shape alone, so that the order of additions is the same on every card.
    let most = max(Self.enoughTiles / (tiles.x * tiles.y * c.groups), 1)
    let parts = min(max(places / Self.fewestPlaces, 1), most)
    let chunk = max((places + parts - 1) / parts, 1)
    let count = max((places + chunk - 1) / chunk, 1)
    let sums = scratch(count * result.count, result.dtype)
    defer { extendLifetime(sums) }
    device.launch(
      "convolution_correlation_\(tile.name)", in: .convolution,
      blocks: LaunchExtent(tiles.x * c.groups * count, tiles.y), threads: LaunchExtent(ConvolutionTile.threads), c,
      chunk, gradient.address, x.address, sums.address)
    launch(
      "combine_correlations_\(x.dtype.suffix)", in: .convolution, over: result.count, result.count, count,
      Int32(adding ? 1 : 0), sums.address, result.address)
  }

  /// As many tiles as keep every GPU busy, and the fewest places that are worth a tile.
  private static let enoughTiles = 1024
  private static let fewestPlaces = 256
}

/// The part of a matrix product that a block computes; see `convolution.cu`.
private struct ConvolutionTile {
  let name: String
  let rows: Int
  let columns: Int

  static let threads = 128

  /// The tile for a product of so many rows.
  init(_ dtype: DataType, rows: Int) {
    switch (dtype, ProductPrecision.current) {
    case (.float64, _): (name, self.rows, columns) = ("f64", 32, 64)
    case (.float32, .float32) where rows <= 32: (name, self.rows, columns) = ("small_f32", 16, 128)
    case (.float32, .float32): (name, self.rows, columns) = ("f32", 64, 128)
    case (.float32, .tf32): (name, self.rows, columns) = ("tf32", 64, 128)
    case (.float32, .bfloat16): (name, self.rows, columns) = ("bf16", 64, 128)
    default: unsupported("convolution", dtype)
    }
  }
}

/// `Gather` in `convolution.h`.
private struct Gather: KernelArgument {
  let images: Int
  let groups: Int
  let sourceChannels: Int
  let sourceHeight: Int
  let sourceWidth: Int
  let channels: Int
  let height: Int
  let width: Int
  let kernel: (Int, Int)
  let step: (Int, Int)
  let phases: (Int, Int)
  let padding: (Int, Int)
  let dilation: (Int, Int)
  let weightChannels: Int
  let isTransposed: Int32

  /// The output from the input.
  init(_ g: ConvolutionGeometry) {
    (images, groups) = (g.input[0], g.groups)
    (sourceChannels, sourceHeight, sourceWidth) = (g.weight[1], g.input[2], g.input[3])
    (channels, height, width) = (g.weight[0] / g.groups, g.outputSize.height, g.outputSize.width)
    (kernel, padding, dilation) = (g.window.kernel, g.window.padding, g.window.dilation)
    (step, phases) = (g.window.stride, (1, 1))
    weightChannels = Self.filled(channels)
    isTransposed = 0
  }

  /// The gradient of the input from that of the output.
  init(inputGradient g: ConvolutionGeometry) {
    (images, groups) = (g.input[0], g.groups)
    (sourceChannels, sourceHeight, sourceWidth) = (g.weight[0] / g.groups, g.outputSize.height, g.outputSize.width)
    (channels, height, width) = (g.weight[1], g.input[2], g.input[3])
    (kernel, padding, dilation) = (g.window.kernel, g.window.padding, g.window.dilation)
    (step, phases) = ((1, 1), g.window.stride)
    weightChannels = Self.filled(channels)
    isTransposed = 1
  }

  /// Rows of weights are filled up, so that four neighbours can be read at once.
  private static func filled(_ channels: Int) -> Int { (channels + 3) / 4 * 4 }
}

/// `Correlation` in `convolution.h`.
private struct KernelCorrelation: KernelArgument {
  let images: Int
  let groups: Int
  let channels: Int
  let size: (Int, Int)
  let filters: Int
  let output: (Int, Int)
  let kernel: (Int, Int)
  let stride: (Int, Int)
  let padding: (Int, Int)
  let dilation: (Int, Int)

  init(_ g: ConvolutionGeometry) {
    (images, groups, channels) = (g.input[0], g.groups, g.weight[1])
    (size, filters) = ((g.input[2], g.input[3]), g.weight[0] / g.groups)
    output = (g.outputSize.height, g.outputSize.width)
    (kernel, stride) = (g.window.kernel, g.window.stride)
    (padding, dilation) = (g.window.padding, g.window.dilation)
  }
}
