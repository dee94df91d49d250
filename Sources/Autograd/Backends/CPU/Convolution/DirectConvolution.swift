import CKernels

/// A convolution that sums over padded copies of its images, without matrices of columns.
///
/// Vectors go along the filters; with few of them most of a vector would be padding, and ``PlaneConvolution`` is faster.
/// As measured on an EPYC (Zen 4), columns are for kernels of one element, whose columns are almost the image as it lies;
/// sums so short that rearranging the results takes longer; and gradients of weights that are larger than the caches, to
/// which every image adds. All else is faster this way, by what docs/performance.md says.
struct DirectConvolution {
  private let geometry: ConvolutionGeometry
  private let dtype: DataType

  private var channels: Int { geometry.groupChannels }
  private var filters: Int { geometry.groupFilters }

  init(_ geometry: ConvolutionGeometry, _ dtype: DataType) {
    self.geometry = geometry
    self.dtype = dtype
  }

  /// Whether the forward pass is faster than with columns.
  var isFasterForward: Bool { fillsVectors && geometry.kernelArea > 1 && geometry.groupTaps >= Self.shortestSum }

  /// Whether the gradient of the weight is.
  var isFasterForWeight: Bool {
    isFasterForward && filters * geometry.groupTaps * dtype.byteCount <= Self.largestWeight
  }

  /// Whether the gradient of the input is, in which channels take the filters' part.
  var isFasterBackward: Bool { isWide(channels) && geometry.kernelArea > 1 }

  /// Whether filters fill at least half of a vector.
  var fillsVectors: Bool { isWide(filters) }

  private static let shortestSum = 64

  /// In bytes.
  private static let largestWeight = 4_000_000

  private func isWide(_ count: Int) -> Bool {
    !Kernels.areGeneric && Correlation.fillsVectors(count, dtype)
  }

  func convolve(_ x: Tensor, _ weight: Tensor, bias: Tensor?, into result: Tensor) {
    let correlation = geometry.correlation(dtype)
    let (taps, bands) = (correlation.taps, correlation.bands)
    let threads = geometry.threads
    let scratch = (0..<threads).map { _ in BandScratch(correlation) }
    for group in 0..<geometry.groups {
      let packed = geometry.packedFilters(weight, group, for: correlation)
      let added = correlation.bias(bias, from: group * filters)
      LoopThreads.shared.share(geometry.input[0] * bands.count, over: threads) { [self] i, thread in
        let (n, part) = i.quotientAndRemainder(dividingBy: bands.count)
        let (band, scratch) = (bands[part], scratch[thread])
        correlation.pad(x.address(of: geometry.inputOffset(n, group)), band, into: scratch.padded)
        correlation.correlate(band, taps, scratch.padded, packed, added, into: scratch.sums)
        store(
          scratch.sums, correlation, rows: band.count, at: (1, 1),
          in: result.address(of: geometry.outputOffset(n, group) + band.lowerBound * correlation.columns.places),
          plane: geometry.outputPlane, width: correlation.columns.places)
      }
    }
  }

  /// The gradient of the input, for each of the strides' phases by itself: rows and columns that are a multiple of the
  /// stride apart meet the same elements of the kernel.
  func inputGradient(_ gradient: Tensor, _ weight: Tensor, into result: Tensor) {
    let phases = ConvolutionPhase.all(of: geometry, dtype)
    if ConvolutionPhase.leaveOut(phases, of: geometry) { result.backend.fill(result, with: 0) }
    let (stride, width) = (geometry.window.stride, geometry.input[3])
    let threads = geometry.threads
    for phase in phases {
      let correlation = phase.correlation
      let (taps, bands) = (correlation.taps, correlation.bands)
      let scratch = (0..<threads).map { _ in BandScratch(correlation) }
      let zeros = correlation.bias(nil, from: 0)
      for group in 0..<geometry.groups {
        let packed = correlation.packedFilters(
          weight.address(of: geometry.weightOffset(group)), filterStep: geometry.kernelArea,
          channelStep: geometry.groupTaps, sources: phase.elements)
        LoopThreads.shared.share(geometry.input[0] * bands.count, over: threads) { [self] i, thread in
          let (n, part) = i.quotientAndRemainder(dividingBy: bands.count)
          let (band, scratch) = (bands[part], scratch[thread])
          correlation.pad(gradient.address(of: geometry.outputOffset(n, group)), band, into: scratch.padded)
          correlation.correlate(band, taps, scratch.padded, packed, zeros, into: scratch.sums)
          let first = (phase.start.row + band.lowerBound * stride.0) * width + phase.start.column
          store(
            scratch.sums, correlation, rows: band.count, at: stride,
            in: result.address(of: geometry.inputOffset(n, group) + first), plane: geometry.inputPlane, width: width)
        }
      }
    }
  }

  func weightGradient(_ x: Tensor, _ gradient: Tensor, into result: Tensor, adding: Bool) {
    let correlation = geometry.correlation(dtype)
    let (taps, bands) = (correlation.taps, correlation.bands)
    let places = correlation.bandRows * correlation.columns.places
    let planes = (0..<filters).map { $0 * geometry.outputPlane }
    let threads = geometry.threads
    let scratch = (0..<threads).map { _ in
      (
        padded: correlation.scratch(channels * correlation.paddedPlane),
        rearranged: correlation.scratch(places * correlation.paddedFilters)
      )
    }
    let sumCount = taps.count * correlation.paddedFilters
    let pieces = BatchSums.pieces(
      of: geometry.input[0], places: geometry.outputPlane, byteCount: sumCount * dtype.byteCount)
    // Where there are fewer pieces than threads, these share the taps too, and each rearranges what it sums over.
    let cuts = min((threads + pieces.count - 1) / pieces.count, taps.count)
    for group in 0..<geometry.groups {
      let sums = BatchSums(pieces: pieces.count, count: sumCount, dtype)
      LoopThreads.shared.share(pieces.count * cuts, over: threads) { [self] i, thread in
        let (piece, cut) = i.quotientAndRemainder(dividingBy: cuts)
        let part = cut * taps.count / cuts..<(cut + 1) * taps.count / cuts
        let (padded, rearranged) = scratch[thread]
        let partSums = sums[piece].part(
          at: part.lowerBound * correlation.paddedFilters, shape: [part.count * correlation.paddedFilters])
        let partTaps = Array(taps[part])
        for n in pieces[piece] {
          for band in bands {
            correlation.pad(x.address(of: geometry.inputOffset(n, group)), band, into: padded)
            correlation.kernels.channels_last(
              filters, planes, band.count * correlation.columns.places,
              gradient.address(of: geometry.outputOffset(n, group) + band.lowerBound * correlation.columns.places),
              correlation.paddedFilters, rearranged.address)
            correlation.correlateGradient(band, partTaps, padded, rearranged, into: partSums)
          }
        }
      }
      result.part(at: geometry.weightOffset(group), shape: [filters, taps.count])
        .gather(sums.total(), strides: [1, correlation.paddedFilters], adding: adding)
    }
  }

  /// Stores sums with their channels first, at every `step`-th row and column of an image.
  private func store(
    _ sums: Tensor, _ correlation: Correlation, rows: Int, at step: (Int, Int), in image: UnsafeMutableRawPointer,
    plane: Int, width: Int
  ) {
    let columns = correlation.columns.places
    var places = dt_places(
      planes: correlation.filters, rows: rows, columns: columns, filters: correlation.paddedFilters,
      from_row_step: columns * correlation.paddedFilters, plane: plane, row_step: step.0 * width, column_step: step.1)
    correlation.kernels.channels_first(&places, sums.address, image)
  }
}

/// What a thread needs to sum over a band.
private struct BandScratch {
  let padded: Tensor
  let sums: Tensor

  init(_ correlation: Correlation) {
    padded = correlation.scratch(correlation.channels * correlation.paddedPlane)
    sums = correlation.scratch(correlation.bandRows * correlation.columns.places * correlation.paddedFilters)
  }
}
