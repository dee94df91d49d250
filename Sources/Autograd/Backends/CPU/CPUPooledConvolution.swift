import CKernels

/// Convolution, 2 × 2 maximum pooling and ReLU, one image after the other, so that what is between them stays in the
/// cache.
///
/// At most one of four places has a gradient, and none has where ReLU clipped: the backward pass goes through a list of
/// those that have one. Measured on an EPYC (Zen 4) for the reference model's second layer, with nine windows of ten
/// having one: the gradient of the weight takes a third, that of the input half of the time of sums over all places.
struct CPUPooledConvolution: PooledConvolution {
  /// Which place of every window has the gradient: [N, windows, padded filters].
  private let places: Tensor
  private let x: Tensor
  private let weight: Tensor
  private let direct: DirectConvolution
  private let correlation: Correlation
  private let windows: (rows: Int, columns: Int)

  /// Bytes of a padded image beyond which it leaves the second-level cache between one filter and the next.
  private static let largestImage = 400_000

  /// The forward pass and what its gradients need; `nil` where that would not be faster than the three parts.
  static func computed(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry
  ) -> (result: Tensor, backward: any PooledConvolution)? {
    let direct = DirectConvolution(geometry, x.dtype)
    let (height, width) = geometry.outputSize
    guard geometry.groups == 1, direct.fillsVectors, height > 1, width > 1 else { return nil }
    let convolution = Self(x, weight, direct, direct.forward(rowMultiple: 2), windows: (height / 2, width / 2))
    guard PaddedChannelsLast.byteCount(convolution.correlation) <= largestImage else { return nil }
    return (convolution.forward(bias), convolution)
  }

  private init(
    _ x: Tensor, _ weight: Tensor, _ direct: DirectConvolution, _ correlation: Correlation,
    windows: (rows: Int, columns: Int)
  ) {
    self.x = x
    self.weight = weight
    self.direct = direct
    self.correlation = correlation
    self.windows = windows
    places = Tensor(
      uninitialized: [x.shape[0], windows.rows * windows.columns, correlation.paddedFilters], dtype: .uint8,
      device: .cpu)
  }

  private var windowCount: Int { windows.rows * windows.columns }

  private func forward(_ bias: Tensor?) -> Tensor {
    let c = correlation
    let result = Tensor(
      uninitialized: [x.shape[0], c.filters, windows.rows, windows.columns], dtype: x.dtype, device: .cpu)
    let taps = c.taps
    let filters = direct.forwardFilters(weight, 0, c)
    let added = c.bias(bias, from: 0)
    let padded = c.scratch(c.channels * c.paddedPlane)
    let sums = c.scratch(c.bandRows * c.columns.places * c.paddedFilters)
    let maxima = c.scratch((c.bandRows + 1) / 2 * windows.columns * c.paddedFilters)
    for n in 0..<x.shape[0] {
      for band in c.bands where band.count > 1 {
        c.pad(x.address(of: direct.inputOffset(n, 0)), band, into: padded)
        c.correlate(band, taps, padded, filters, added, into: sums)
        let first = band.lowerBound / 2 * windows.columns
        c.kernels.pool_positive(
          band.count, c.columns.places, c.paddedFilters, sums.address, maxima.address,
          places.pointer(UInt8.self) + (n * windowCount + first) * c.paddedFilters)
        var shape = dt_places(
          planes: c.filters, rows: band.count / 2, columns: windows.columns, filters: c.paddedFilters,
          from_row_step: windows.columns * c.paddedFilters, plane: windowCount, row_step: windows.columns,
          column_step: 1)
        c.kernels.channels_first(&shape, maxima.address, result.address(of: n * c.filters * windowCount + first))
      }
    }
    extendLifetime((padded, sums, maxima, filters, added))
    return result
  }

  func gradients(
    of gradient: Tensor, input: Tensor?, weight: (destination: Tensor, adding: Bool)?, bias: Tensor?
  ) {
    let c = correlation
    let padded = PaddedChannelsLast(c)
    let patches = 2 * c.channels > c.kernels.lanes ? nil : KernelPatches(c)
    let underKernel: any KernelRuns = patches ?? padded
    let weightSums = Tensor.zeros([c.filters, underKernel.offsets.count * underKernel.length], dtype: x.dtype)
    let factors = input == nil ? nil : padded.weights(self.weight)
    var biasSums = [Double](repeating: 0, count: c.filters)
    var entries = PooledEntries(c, windows)
    for n in 0..<x.shape[0] {
      let pooled = gradient.address(of: n * c.filters * windowCount)
      let marks = places.pointer(UInt8.self) + n * windowCount * c.paddedFilters
      entries.list(pooled, marks, in: underKernel, sums: &biasSums)
      if weight != nil {
        underKernel.load(x.address(of: direct.inputOffset(n, 0)))
        entries.addWeightGradient(underKernel, to: weightSums)
      }
      if let input, let factors {
        if patches != nil { entries.list(pooled, marks, in: padded, sums: nil) }
        padded.clear()
        entries.addInputGradient(factors, to: padded)
        padded.store(in: input.address(of: direct.inputOffset(n, 0)))
      }
    }
    if let weight { underKernel.store(weightSums, into: weight.destination, adding: weight.adding) }
    if let bias { x.backend.convert(Tensor(biasSums, shape: [c.filters]), into: bias) }
  }
}
