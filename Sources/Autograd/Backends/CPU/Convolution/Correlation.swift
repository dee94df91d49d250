import CKernels

/// A sum over the elements under a kernel, for every place of an image and every filter: what the forward pass of a
/// convolution and the gradients of its input and weight have in common.
struct Correlation {
  /// One direction of the image.
  struct Axis {
    /// Places of the result.
    let places: Int
    /// Elements of the image from one place to the next.
    let stride: Int
    /// Zeros before the image's first element; negative where elements are left out.
    let before: Int
    /// The elements under the kernel, counted from the first one.
    let taps: [Int]

    /// Elements under the kernels of `count` places in a row.
    func extent(of count: Int) -> Int { (count - 1) * stride + (taps.max() ?? 0) + 1 }
  }

  let kernels: dt_convolution_kernels
  let dtype: DataType
  let channels: Int
  let filters: Int
  /// Rows and columns of the image.
  let size: (height: Int, width: Int)
  let rows: Axis
  let columns: Axis
  /// Rows of places whose padded images and results fit the second-level cache together.
  let bandRows: Int

  /// - Parameter rowMultiple: What the rows of a band are a multiple of, for all bands but the last.
  init(
    _ dtype: DataType, channels: Int, filters: Int, size: (height: Int, width: Int), rows: Axis, columns: Axis,
    rowMultiple: Int = 1
  ) {
    kernels = Self.kernels(for: dtype)
    self.dtype = dtype
    self.channels = channels
    self.filters = filters
    self.size = size
    self.rows = rows
    self.columns = columns
    let paddedWidth = columns.extent(of: columns.places).roundedUp(to: columns.stride)
    let rowBytes =
      (channels * rows.stride * paddedWidth + filters.roundedUp(to: kernels.lanes) * columns.places) * dtype.byteCount
    let fitting = max(Self.bandBytes / rowBytes, 1)
    bandRows = min(rows.places, fitting.roundedUp(to: rowMultiple))
  }

  private static let bandBytes = 400_000

  static func kernels(for dtype: DataType) -> dt_convolution_kernels {
    let longestVector = ThreadState.current.longestVector
    return switch dtype {
    case .float32: dt_convolution_kernels_f32(longestVector).pointee
    case .float64: dt_convolution_kernels_f64(longestVector).pointee
    default: unsupported("convolution", dtype)
    }
  }

  /// Whether so many filters fill at least half of a vector.
  static func fillsVectors(_ filters: Int, _ dtype: DataType) -> Bool { 2 * filters >= kernels(for: dtype).lanes }

  // MARK: - Sizes

  /// Elements from a place to the next, where channels are last.
  var paddedFilters: Int { filters.roundedUp(to: kernels.lanes) }
  var paddedChannels: Int { channels.roundedUp(to: kernels.lanes) }
  var paddedWidth: Int { columns.extent(of: columns.places).roundedUp(to: columns.stride) }
  var paddedHeight: Int { rows.extent(of: bandRows) }
  /// Elements of one channel of a padded band.
  var paddedPlane: Int { paddedHeight * paddedWidth }

  /// Where every element under the kernel is in a padded band: those of the first channel first.
  var taps: [Int] {
    let part = paddedWidth / columns.stride
    return (0..<channels).flatMap { channel in
      rows.taps.flatMap { row in
        columns.taps.map { column in
          channel * paddedPlane + row * paddedWidth + column % columns.stride * part + column / columns.stride
        }
      }
    }
  }

  func scratch(_ count: Int) -> Tensor { Tensor(uninitialized: [count], dtype: dtype, device: .cpu) }

  /// The bands in order, as rows of places.
  var bands: [Range<Int>] {
    stride(from: 0, to: rows.places, by: bandRows).map { $0..<min($0 + bandRows, rows.places) }
  }

  // MARK: - Kernels

  /// Copies what is under the kernels of `band` out of an image, or out of several that follow each other, with padding.
  func pad(_ image: UnsafeRawPointer, _ band: Range<Int>, images: Int = 1, into padded: Tensor) {
    var shape = dt_padding(
      channels: images * channels, height: size.height, width: size.width,
      top: rows.before - band.lowerBound * rows.stride,
      left: columns.before, padded_height: paddedHeight, padded_width: paddedWidth, column_stride: columns.stride)
    kernels.pad_image(&shape, image, padded.address)
  }

  /// The filters in the order in which ``correlate`` reads them.
  ///
  /// - Parameter sources: Where every tap of a channel's weights is.
  func packedFilters(
    _ weight: UnsafeRawPointer, filterStep: Int, channelStep: Int, sources: [Int]
  ) -> Tensor {
    let packed = scratch(paddedFilters * channels * sources.count)
    var shape = dt_filters(
      filters: filters, channels: channels, taps: sources.count, padded_filters: paddedFilters,
      filter_step: filterStep, channel_step: channelStep)
    kernels.pack_filters(&shape, sources, weight, packed.address)
    return packed
  }

  /// The sums for `band`, channels last.
  func correlate(
    _ band: Range<Int>, _ taps: [Int], _ padded: Tensor, _ filters: Tensor, _ bias: Tensor, into out: Tensor
  ) {
    var shape = shape(of: band, taps)
    kernels.correlate(&shape, taps, padded.address, filters.address, bias.address, out.address)
  }

  /// Adds the gradient of the filters for `band` to `out` [taps, filters].
  func correlateGradient(_ band: Range<Int>, _ taps: [Int], _ padded: Tensor, _ gradient: Tensor, into out: Tensor) {
    var shape = shape(of: band, taps)
    kernels.correlate_gradient(&shape, taps, padded.address, gradient.address, out.address)
  }

  private func shape(of band: Range<Int>, _ taps: [Int]) -> dt_correlation {
    dt_correlation(
      taps: taps.count, filters: paddedFilters, rows: band.count, columns: columns.places,
      row_step: rows.stride * paddedWidth)
  }

  /// One number for each filter, padded; zeros without a tensor.
  func bias(_ bias: Tensor?, from start: Int) -> Tensor {
    let padded = Tensor.zeros([paddedFilters], dtype: dtype)
    if let bias {
      padded.address.copyMemory(from: bias.address(of: start), byteCount: filters * dtype.byteCount)
    }
    return padded
  }
}

extension Int {
  /// The smallest multiple of `step` that is not less.
  func roundedUp(to step: Int) -> Int { (self + step - 1) / step * step }
}

extension Tensor {
  /// Takes elements of `x` at the given strides as this tensor's own, or adds them to what is there.
  func gather(_ x: Tensor, strides: [Int], adding: Bool) {
    let destination = adding ? uninitializedLike() : self
    backend.copy(x, offset: 0, strides: strides, into: destination)
    if adding { backend.binary(.add, self, destination, into: self) }
  }

  /// The elements from `start` on.
  func from<T: TensorElement>(_ start: Int) -> UnsafeMutablePointer<T> { pointer(T.self) + start }

  /// Where an element is in memory.
  func address(of element: Int) -> UnsafeMutableRawPointer { address + element * dtype.byteCount }
}
