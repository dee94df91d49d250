import CKernels

/// A convolution that sums over padded copies of its images, without matrices of columns.
///
/// Vectors go along the filters, so that with few of them most of a vector would be padding: those keep their columns.
/// So do, as measured on an EPYC (Zen 4), kernels of one element, whose columns are almost the image as it lies; sums so
/// short that rearranging the results takes longer; and gradients of weights that are larger than the caches, to which
/// every image adds. All else is faster this way, by what docs/performance.md says.
struct DirectConvolution {
  private let geometry: ConvolutionGeometry
  private let dtype: DataType
  private let channels: Int
  private let filters: Int
  private let kernel: (height: Int, width: Int)

  init(_ geometry: ConvolutionGeometry, _ dtype: DataType) {
    self.geometry = geometry
    self.dtype = dtype
    channels = geometry.weight[1]
    filters = geometry.weight[0] / geometry.groups
    kernel = (geometry.weight[2], geometry.weight[3])
  }

  /// Whether the forward pass is faster than with columns.
  var isFasterForward: Bool { fillsVectors && kernelArea > 1 && channels * kernelArea >= Self.shortestSum }

  /// Whether the gradient of the weight is.
  var isFasterForWeight: Bool {
    isFasterForward && filters * channels * kernelArea * dtype.byteCount <= Self.largestWeight
  }

  /// Whether the gradient of the input is, in which channels take the filters' part.
  var isFasterBackward: Bool { isWide(channels) && kernelArea > 1 }

  /// Whether filters fill at least half of a vector.
  var fillsVectors: Bool { isWide(filters) }

  private static let shortestSum = 64

  /// In bytes.
  private static let largestWeight = 4_000_000

  private func isWide(_ count: Int) -> Bool {
    !Kernels.areGeneric && 2 * count >= Correlation.kernels(for: dtype).lanes
  }

  /// The threads that share each pass.
  var threads: Int { geometry.threads }

  private var images: Int { geometry.input[0] }
  private var inputPlane: Int { geometry.input[2] * geometry.input[3] }
  private var outputPlane: Int { geometry.outputSize.height * geometry.outputSize.width }
  private var kernelArea: Int { kernel.height * kernel.width }

  func inputOffset(_ n: Int, _ group: Int) -> Int { (n * geometry.groups + group) * channels * inputPlane }
  func outputOffset(_ n: Int, _ group: Int) -> Int { (n * geometry.groups + group) * filters * outputPlane }
  func weightOffset(_ group: Int) -> Int { group * filters * channels * kernelArea }

  /// The sums of the forward pass.
  func forward(rowMultiple: Int = 1) -> Correlation {
    let window = geometry.window
    return Correlation(
      dtype, channels: channels, filters: filters, size: (geometry.input[2], geometry.input[3]),
      rows: Correlation.Axis(
        places: geometry.outputSize.height, stride: window.stride.0, before: window.padding.0,
        taps: (0..<kernel.height).map { $0 * window.dilation.0 }),
      columns: Correlation.Axis(
        places: geometry.outputSize.width, stride: window.stride.1, before: window.padding.1,
        taps: (0..<kernel.width).map { $0 * window.dilation.1 }),
      rowMultiple: rowMultiple)
  }

  /// The filters of one group for the forward pass.
  func forwardFilters(_ weight: Tensor, _ group: Int, _ correlation: Correlation) -> Tensor {
    correlation.packedFilters(
      weight.address(of: weightOffset(group)), filterStep: channels * kernelArea, channelStep: kernelArea,
      sources: Array(0..<kernelArea))
  }

  func convolve(_ x: Tensor, _ weight: Tensor, bias: Tensor?, into result: Tensor) {
    let correlation = forward()
    let (taps, bands) = (correlation.taps, correlation.bands)
    let threads = threads
    let scratch = (0..<threads).map { _ in BandScratch(correlation) }
    for group in 0..<geometry.groups {
      let packed = forwardFilters(weight, group, correlation)
      let added = correlation.bias(bias, from: group * filters)
      LoopThreads.shared.share(images * bands.count, over: threads) { [self] i, thread in
        let (n, part) = i.quotientAndRemainder(dividingBy: bands.count)
        let (band, scratch) = (bands[part], scratch[thread])
        correlation.pad(x.address(of: inputOffset(n, group)), band, into: scratch.padded)
        correlation.correlate(band, taps, scratch.padded, packed, added, into: scratch.sums)
        store(
          scratch.sums, correlation, rows: band.count, at: (1, 1),
          in: result.address(of: outputOffset(n, group) + band.lowerBound * correlation.columns.places),
          plane: outputPlane, width: correlation.columns.places)
      }
    }
  }

  /// The gradient of the input, for each of the strides' phases by itself: rows and columns that are a multiple of the
  /// stride apart meet the same elements of the kernel.
  func inputGradient(_ gradient: Tensor, _ weight: Tensor, into result: Tensor) {
    let window = geometry.window
    let (height, width) = (geometry.input[2], geometry.input[3])
    let rowPhases = phases(height, kernel.height, window.stride.0, window.padding.0, window.dilation.0)
    let columnPhases = phases(width, kernel.width, window.stride.1, window.padding.1, window.dilation.1)
    let threads = threads
    if (rowPhases + columnPhases).contains(where: \.elements.isEmpty) { result.backend.fill(result, with: 0) }
    for rows in rowPhases where !rows.elements.isEmpty {
      for columns in columnPhases where !columns.elements.isEmpty {
        let correlation = Correlation(
          dtype, channels: filters, filters: channels, size: geometry.outputSize, rows: rows.axis,
          columns: columns.axis)
        let (taps, bands) = (correlation.taps, correlation.bands)
        let scratch = (0..<threads).map { _ in BandScratch(correlation) }
        let zeros = correlation.bias(nil, from: 0)
        let sources = rows.elements.flatMap { row in columns.elements.map { row * kernel.width + $0 } }
        for group in 0..<geometry.groups {
          let packed = correlation.packedFilters(
            weight.address(of: weightOffset(group)), filterStep: kernelArea, channelStep: channels * kernelArea,
            sources: sources)
          LoopThreads.shared.share(images * bands.count, over: threads) { [self] i, thread in
            let (n, part) = i.quotientAndRemainder(dividingBy: bands.count)
            let (band, scratch) = (bands[part], scratch[thread])
            correlation.pad(gradient.address(of: outputOffset(n, group)), band, into: scratch.padded)
            correlation.correlate(band, taps, scratch.padded, packed, zeros, into: scratch.sums)
            let first = (rows.start + band.lowerBound * window.stride.0) * width + columns.start
            store(
              scratch.sums, correlation, rows: band.count, at: window.stride,
              in: result.address(of: inputOffset(n, group) + first), plane: inputPlane, width: width)
          }
        }
      }
    }
  }

  /// Every `stride`-th row or column of the input from `start` on, the elements of the kernel that reach it, and where
  /// in the output's gradient they do.
  private struct Phase {
    let start: Int
    let elements: [Int]
    let axis: Correlation.Axis
  }

  private func phases(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int) -> [Phase] {
    (0..<min(stride, size)).map { start in
      let elements = (0..<kernel).filter { (start + padding - $0 * dilation) % stride == 0 }
      let shifts = elements.map { (start + padding - $0 * dilation) / stride }
      let first = shifts.min() ?? 0
      let axis = Correlation.Axis(
        places: (size - start + stride - 1) / stride, stride: 1, before: -first, taps: shifts.map { $0 - first })
      return Phase(start: start, elements: elements, axis: axis)
    }
  }

  func weightGradient(_ x: Tensor, _ gradient: Tensor, into result: Tensor, adding: Bool) {
    let correlation = forward()
    let (taps, bands) = (correlation.taps, correlation.bands)
    let places = correlation.bandRows * correlation.columns.places
    let planes = (0..<filters).map { $0 * outputPlane }
    let threads = threads
    let scratch = (0..<threads).map { _ in
      (
        padded: correlation.scratch(channels * correlation.paddedPlane),
        rearranged: correlation.scratch(places * correlation.paddedFilters)
      )
    }
    let sumCount = taps.count * correlation.paddedFilters
    let pieces = BatchSums.pieces(of: images, places: outputPlane, byteCount: sumCount * dtype.byteCount)
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
            correlation.pad(x.address(of: inputOffset(n, group)), band, into: padded)
            correlation.kernels.channels_last(
              filters, planes, band.count * correlation.columns.places,
              gradient.address(of: outputOffset(n, group) + band.lowerBound * correlation.columns.places),
              correlation.paddedFilters, rearranged.address)
            correlation.correlateGradient(band, partTaps, padded, rearranged, into: partSums)
          }
        }
      }
      result.part(at: weightOffset(group), shape: [filters, taps.count])
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
