import CKernels

/// Images of which the elements under the kernel are runs of neighbours, at every place the same distances apart.
protocol KernelRuns {
  /// Elements of a run, a multiple of the vectors' lanes.
  var length: Int { get }
  /// Where the runs are, from the first element under the kernel on.
  var offsets: [Int] { get }
  /// Elements from a place to the next one, down and to the right.
  var steps: (row: Int, column: Int) { get }
  var image: Tensor { get }

  /// Takes an image [C, H, W].
  func load(_ x: UnsafeRawPointer)
  /// Stores sums for all runs [filters, runs, length] as a weight or the gradient of one.
  func store(_ sums: Tensor, into weight: Tensor, adding: Bool)
}

/// A padded image with its channels last: each element of the kernel has its run of channels.
struct PaddedChannelsLast: KernelRuns {
  let length: Int
  let offsets: [Int]
  let steps: (row: Int, column: Int)
  let image: Tensor
  private let correlation: Correlation
  private let height: Int
  private let width: Int
  private let padded: Tensor
  private let planes: [Int]

  init(_ correlation: Correlation) {
    self.correlation = correlation
    (height, width) = Self.size(correlation)
    let length = correlation.paddedChannels
    let rowLength = width * length
    self.length = length
    offsets = correlation.rows.taps.flatMap { row in correlation.columns.taps.map { row * rowLength + $0 * length } }
    steps = (correlation.rows.stride * rowLength, correlation.columns.stride * length)
    image = correlation.scratch(height * rowLength)
    let plane = height * width
    padded = correlation.scratch(correlation.channels * plane)
    planes = (0..<correlation.channels).map { $0 * plane }
  }

  private static func size(_ c: Correlation) -> (height: Int, width: Int) {
    (
      max(c.rows.extent(of: c.rows.places), c.rows.before + c.size.height),
      max(c.columns.extent(of: c.columns.places), c.columns.before + c.size.width)
    )
  }

  /// The memory that one image needs.
  static func byteCount(_ correlation: Correlation) -> Int {
    let (height, width) = size(correlation)
    return height * width * correlation.paddedChannels * correlation.dtype.byteCount
  }

  func load(_ x: UnsafeRawPointer) {
    var shape = dt_padding(
      channels: correlation.channels, height: correlation.size.height, width: correlation.size.width,
      top: correlation.rows.before, left: correlation.columns.before, padded_height: height, padded_width: width,
      column_stride: 1)
    correlation.kernels.pad_image(&shape, x, padded.address)
    correlation.kernels.channels_last(
      correlation.channels, planes, height * width, padded.address, length, image.address)
  }

  func clear() { image.backend.fill(image, with: 0) }

  /// Stores the image [C, H, W] that the padding surrounds.
  func store(in x: UnsafeMutableRawPointer) {
    let size = correlation.size
    var places = dt_places(
      planes: correlation.channels, rows: size.height, columns: size.width, filters: length,
      from_row_step: width * length, plane: size.height * size.width, row_step: size.width, column_step: 1)
    let first = (correlation.rows.before * width + correlation.columns.before) * length
    correlation.kernels.channels_first(&places, image.address(of: first), x)
  }

  /// A weight [filters, C, …] as one run of channels, padded with zeros, for each element of the kernel.
  func weights(_ weight: Tensor) -> Tensor {
    let runs = Tensor.zeros([correlation.filters, offsets.count, length], dtype: weight.dtype)
    weight.backend.place(
      weight.part(shape: [correlation.filters, correlation.channels, offsets.count]), into: runs, offset: 0,
      strides: [offsets.count * length, 1, length])
    return runs
  }

  func store(_ sums: Tensor, into weight: Tensor, adding: Bool) {
    weight.part(shape: [correlation.filters, correlation.channels, offsets.count])
      .gather(sums, strides: [offsets.count * length, 1, length], adding: adding)
  }
}

/// For every place, all elements under the kernel in one run: better than ``PaddedChannelsLast`` where there are too
/// few channels to fill a vector.
struct KernelPatches: KernelRuns {
  let length: Int
  let offsets = [0]
  let steps: (row: Int, column: Int)
  let image: Tensor
  private let correlation: Correlation
  private let taps: [Int]
  private let bands: [Range<Int>]
  private let padded: Tensor

  init(_ correlation: Correlation) {
    self.correlation = correlation
    taps = correlation.taps
    bands = correlation.bands
    length = taps.count.roundedUp(to: correlation.kernels.lanes)
    steps = (correlation.columns.places * length, length)
    image = correlation.scratch(correlation.rows.places * correlation.columns.places * length)
    padded = correlation.scratch(correlation.channels * correlation.paddedPlane)
  }

  func load(_ x: UnsafeRawPointer) {
    for band in bands {
      correlation.pad(x, band, into: padded)
      for row in band {
        correlation.kernels.channels_last(
          taps.count, taps, correlation.columns.places,
          padded.address(of: (row - band.lowerBound) * correlation.rows.stride * correlation.paddedWidth), length,
          image.address(of: row * steps.row))
      }
    }
  }

  func store(_ sums: Tensor, into weight: Tensor, adding: Bool) {
    weight.part(shape: [correlation.filters, taps.count]).gather(sums, strides: [length, 1], adding: adding)
  }
}

/// The elements of an image's pooled gradient that reach the places before the pooling, filter by filter.
struct PooledEntries {
  private let correlation: Correlation
  private let windows: (rows: Int, columns: Int)
  private let starts: Tensor
  private let offsets: Tensor
  private let values: Tensor

  init(_ correlation: Correlation, _ windows: (rows: Int, columns: Int)) {
    self.correlation = correlation
    self.windows = windows
    let most = correlation.filters * windows.rows * windows.columns + 1
    starts = Tensor(uninitialized: [correlation.filters + 1], dtype: .int64, device: .cpu)
    offsets = Tensor(uninitialized: [most], dtype: .int64, device: .cpu)
    values = correlation.scratch(most)
  }

  /// Lists the elements of `gradient` by the places that they have in the image of `runs`, and counts them.
  func list(
    _ gradient: UnsafeRawPointer, _ places: UnsafePointer<UInt8>, in runs: any KernelRuns,
    sums: UnsafeMutablePointer<Double>?
  ) -> Int {
    var shape = dt_pooled(
      filters: correlation.filters, padded_filters: correlation.paddedFilters, rows: windows.rows,
      columns: windows.columns, row_step: runs.steps.row, column_step: runs.steps.column)
    correlation.kernels.list_entries(
      &shape, gradient, places, sizes(starts), sizes(offsets), values.address, sums)
    return sizes(starts)[correlation.filters]
  }

  /// Adds the gradient of the weight to `sums` [filters, runs, length].
  func addWeightGradient(_ runs: any KernelRuns, to sums: Tensor) {
    var shape = shape(runs)
    correlation.kernels.entries_weight_gradient(
      &shape, runs.offsets, sizes(starts), sizes(offsets), values.address, runs.image.address, sums.address)
  }

  /// Adds the gradient of the input to the image of `runs`.
  func addInputGradient(_ weights: Tensor, to runs: PaddedChannelsLast) {
    var shape = shape(runs)
    correlation.kernels.entries_input_gradient(
      &shape, runs.offsets, sizes(starts), sizes(offsets), values.address, weights.address, runs.image.address)
  }

  /// The elements as C's `size_t`.
  private func sizes(_ x: Tensor) -> UnsafeMutablePointer<Int> {
    x.address.assumingMemoryBound(to: Int.self)
  }

  private func shape(_ runs: any KernelRuns) -> dt_entries {
    dt_entries(filters: correlation.filters, taps: runs.offsets.count, padded_channels: runs.length)
  }
}
