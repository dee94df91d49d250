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
    let taps = correlation.taps
    let padded = correlation.scratch(channels * correlation.paddedPlane)
    let sums = correlation.scratch(correlation.bandRows * correlation.columns.places * correlation.paddedFilters)
    for group in 0..<geometry.groups {
      let packed = forwardFilters(weight, group, correlation)
      let added = correlation.bias(bias, from: group * filters)
      for n in 0..<images {
        for band in correlation.bands {
          correlation.pad(x.address(of: inputOffset(n, group)), band, into: padded)
          correlation.correlate(band, taps, padded, packed, added, into: sums)
          store(
            sums, correlation, rows: band.count, at: (1, 1),
            in: result.address(of: outputOffset(n, group) + band.lowerBound * correlation.columns.places),
            plane: outputPlane, width: correlation.columns.places)
        }
      }
    }
    extendLifetime((padded, sums))
  }

  /// The gradient of the input, for each of the strides' phases by itself: rows and columns that are a multiple of the
  /// stride apart meet the same elements of the kernel.
  func inputGradient(_ gradient: Tensor, _ weight: Tensor, into result: Tensor) {
    let window = geometry.window
    let (height, width) = (geometry.input[2], geometry.input[3])
    let rowPhases = phases(height, kernel.height, window.stride.0, window.padding.0, window.dilation.0)
    let columnPhases = phases(width, kernel.width, window.stride.1, window.padding.1, window.dilation.1)
    if (rowPhases + columnPhases).contains(where: \.elements.isEmpty) { result.backend.fill(result, with: 0) }
    for rows in rowPhases where !rows.elements.isEmpty {
      for columns in columnPhases where !columns.elements.isEmpty {
        let correlation = Correlation(
          dtype, channels: filters, filters: channels, size: geometry.outputSize, rows: rows.axis,
          columns: columns.axis)
        let taps = correlation.taps
        let padded = correlation.scratch(filters * correlation.paddedPlane)
        let sums = correlation.scratch(correlation.bandRows * correlation.columns.places * correlation.paddedFilters)
        let zeros = correlation.bias(nil, from: 0)
        let sources = rows.elements.flatMap { row in columns.elements.map { row * kernel.width + $0 } }
        for group in 0..<geometry.groups {
          let packed = correlation.packedFilters(
            weight.address(of: weightOffset(group)), filterStep: kernelArea, channelStep: channels * kernelArea,
            sources: sources)
          for n in 0..<images {
            for band in correlation.bands {
              correlation.pad(gradient.address(of: outputOffset(n, group)), band, into: padded)
              correlation.correlate(band, taps, padded, packed, zeros, into: sums)
              let first = (rows.start + band.lowerBound * window.stride.0) * width + columns.start
              store(
                sums, correlation, rows: band.count, at: window.stride,
                in: result.address(of: inputOffset(n, group) + first), plane: inputPlane, width: width)
            }
          }
        }
        extendLifetime((padded, sums))
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
    let taps = correlation.taps
    let places = correlation.bandRows * correlation.columns.places
    let padded = correlation.scratch(channels * correlation.paddedPlane)
    let rearranged = correlation.scratch(places * correlation.paddedFilters)
    let planes = (0..<filters).map { $0 * outputPlane }
    for group in 0..<geometry.groups {
      let sums = Tensor.zeros([taps.count, correlation.paddedFilters], dtype: dtype)
      for n in 0..<images {
        for band in correlation.bands {
          correlation.pad(x.address(of: inputOffset(n, group)), band, into: padded)
          correlation.kernels.channels_last(
            filters, planes, band.count * correlation.columns.places,
            gradient.address(of: outputOffset(n, group) + band.lowerBound * correlation.columns.places),
            correlation.paddedFilters, rearranged.address)
          correlation.correlateGradient(band, taps, padded, rearranged, into: sums)
        }
      }
      result.part(at: weightOffset(group), shape: [filters, taps.count])
        .gather(sums, strides: [1, correlation.paddedFilters], adding: adding)
    }
    extendLifetime((padded, rearranged))
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
