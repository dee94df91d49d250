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
  private let geometry: ConvolutionGeometry
  private let correlation: Correlation
  private let windows: (rows: Int, columns: Int)

  /// Bytes of a padded image beyond which it leaves the second-level cache between one filter and the next.
  private static let largestImage = 400_000

  /// The forward pass and what its gradients need; `nil` where that would not be faster than the three parts.
  static func computed(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry
  ) -> (result: Tensor, backward: any PooledConvolution)? {
    let (height, width) = geometry.outputSize
    guard geometry.groups == 1, DirectConvolution(geometry, x.dtype).fillsVectors, height > 1, width > 1,
      WinogradConvolution(geometry, x.dtype)?.isFasterThanPooled != true
    else { return nil }
    let convolution = Self(
      x, weight, geometry, geometry.correlation(x.dtype, rowMultiple: 2), windows: (height / 2, width / 2))
    guard PaddedChannelsLast.byteCount(convolution.correlation) <= largestImage else { return nil }
    return (convolution.forward(bias), convolution)
  }

  private init(
    _ x: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, _ correlation: Correlation,
    windows: (rows: Int, columns: Int)
  ) {
    self.x = x
    self.weight = weight
    self.geometry = geometry
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
    let mostRows = max(c.bandRows, WinogradTiles.results)
    let maxima = (0..<geometry.threads).map { _ in
      c.scratch((mostRows + 1) / 2 * windows.columns * c.paddedFilters)
    }
    if let winograd = WinogradConvolution(geometry, x.dtype),
      winograd.forEachPart(
        x, weight, bias: bias, { pool($1, $0.image, $0.rows, maxima: maxima[$2], into: result) })
    {
      return result
    }
    let taps = c.taps
    let filters = geometry.packedFilters(weight, 0, for: c)
    let added = c.bias(bias, from: 0)
    let bands = c.bands.filter { $0.count > 1 }
    let scratch = maxima.map { _ in
      (
        padded: c.scratch(c.channels * c.paddedPlane),
        sums: c.scratch(c.bandRows * c.columns.places * c.paddedFilters)
      )
    }
    LoopThreads.shared.share(x.shape[0] * bands.count, over: maxima.count) { [self] i, thread in
      let (n, part) = i.quotientAndRemainder(dividingBy: bands.count)
      let (padded, sums) = scratch[thread]
      c.pad(x.address(of: geometry.inputOffset(n, 0)), bands[part], into: padded)
      c.correlate(bands[part], taps, padded, filters, added, into: sums)
      pool(sums, n, bands[part], maxima: maxima[thread], into: result)
    }
    extendLifetime((filters, added))
    return result
  }

  /// Pools some rows of the results for an image, of which a last one alone has no window.
  private func pool(_ sums: Tensor, _ n: Int, _ band: Range<Int>, maxima: Tensor, into result: Tensor) {
    guard band.count > 1 else { return }
    let c = correlation
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

  func gradients(
    of gradient: Tensor, input: Tensor?, weight: (destination: Tensor, adding: Bool)?, bias: Tensor?
  ) -> Int {
    let c = correlation
    let threads = geometry.threads
    let scratch = (0..<threads).map { _ in GradientScratch(c, windows) }
    let factors = input == nil ? nil : scratch[0].padded.weights(self.weight)
    let sumCount = scratch[0].underKernel.offsets.count * scratch[0].underKernel.length * c.filters
    // An entry takes about as long as two places of a sum over all.
    let pieces = BatchSums.pieces(
      of: x.shape[0], places: 2 * windowCount, byteCount: sumCount * x.dtype.byteCount)
    let weightSums = BatchSums(pieces: pieces.count, count: sumCount, x.dtype)
    let biasSums = BatchSums(pieces: pieces.count, count: c.filters, .float64)
    LoopThreads.shared.share(pieces.count, over: threads) { [self] piece, thread in
      let (scratch, sums, sumsOfBias) = (scratch[thread], weightSums[piece], biasSums[piece])
      let (padded, underKernel, entries) = (scratch.padded, scratch.underKernel, scratch.entries)
      for n in pieces[piece] {
        let pooled = gradient.address(of: n * c.filters * windowCount)
        let marks = places.pointer(UInt8.self) + n * windowCount * c.paddedFilters
        scratch.entryCount += entries.list(pooled, marks, in: underKernel, sums: sumsOfBias.pointer())
        if weight != nil {
          underKernel.load(x.address(of: geometry.inputOffset(n, 0)))
          entries.addWeightGradient(underKernel, to: sums)
        }
        if let input, let factors {
          if scratch.patches != nil { _ = entries.list(pooled, marks, in: padded, sums: nil) }
          padded.clear()
          entries.addInputGradient(factors, to: padded)
          padded.store(in: input.address(of: geometry.inputOffset(n, 0)))
        }
      }
    }
    if let weight {
      scratch[0].underKernel.store(weightSums.total(), into: weight.destination, adding: weight.adding)
    }
    if let bias { x.backend.convert(biasSums.total(), into: bias) }
    let gradientCount = (weight == nil ? 0 : 1) + (input == nil ? 0 : 1)
    return 2 * scratch.reduce(0) { $0 + $1.entryCount } * c.taps.count * gradientCount
  }
}

/// What a thread needs for the gradients of images.
private final class GradientScratch {
  let padded: PaddedChannelsLast
  let patches: KernelPatches?
  let entries: PooledEntries
  /// Entries of all images that the thread went through.
  var entryCount = 0

  init(_ correlation: Correlation, _ windows: (rows: Int, columns: Int)) {
    padded = PaddedChannelsLast(correlation)
    patches = 2 * correlation.channels > correlation.kernels.lanes ? nil : KernelPatches(correlation)
    entries = PooledEntries(correlation, windows)
  }

  var underKernel: any KernelRuns { patches ?? padded }
}
