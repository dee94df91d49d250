import CKernels

/// How the planes of a ``PlaneConvolution`` are summed over: groups of channels by blocks that fit the cache, in bands of
/// rows.
struct Planes {
  let correlation: Correlation
  /// The groups that are taken together.
  let blocks: [Range<Int>]
  /// Whether rows of places follow each other as the rows of the padded image do.
  private let isFlat: Bool
  private let taps: [Int]

  init(_ correlation: Correlation, groups: Int) {
    self.correlation = correlation
    taps = correlation.taps
    isFlat = correlation.rows.stride == 1 && correlation.columns.stride == 1
    let groupBytes =
      (correlation.channels + correlation.filters) * correlation.paddedPlane * correlation.dtype.byteCount
    let size = min(max(Self.blockBytes / max(groupBytes, 1), 1), groups)
    blocks = stride(from: 0, to: groups, by: size).map { $0..<min($0 + size, groups) }
  }

  private static let blockBytes = 200_000

  /// What a thread needs: padded images, and results or gradients, of the largest block.
  struct Scratch {
    let padded: Tensor
    let results: Tensor
  }

  func scratch(threads: Int) -> [Scratch] {
    let largest = blocks.map(\.count).max() ?? 0
    return (0..<threads).map { _ in
      Scratch(
        padded: zeros(largest * correlation.channels * correlation.paddedPlane),
        results: zeros(largest * correlation.filters * resultPlane))
    }
  }

  /// Calls `body` for every image, block of groups and band of rows, on the threads that share them.
  func share(
    images: Int, over threads: Int,
    _ body: @escaping (_ n: Int, _ groups: Range<Int>, _ band: Range<Int>, _ scratch: Scratch) -> Void
  ) {
    let (bands, scratch) = (correlation.bands, scratch(threads: threads))
    LoopThreads.shared.share(images * blocks.count * bands.count, over: threads) { i, thread in
      let (part, band) = i.quotientAndRemainder(dividingBy: bands.count)
      let (n, block) = part.quotientAndRemainder(dividingBy: blocks.count)
      body(n, blocks[block], bands[band], scratch[thread])
    }
  }

  /// Vectors go beyond the end, where there must be numbers.
  private func zeros(_ count: Int) -> Tensor {
    .zeros([count + correlation.kernels.lanes], dtype: correlation.dtype)
  }

  /// Elements of results from a row of places to the next.
  private var resultRow: Int {
    isFlat ? correlation.paddedWidth : correlation.columns.places.roundedUp(to: correlation.kernels.lanes)
  }

  private var resultPlane: Int { (correlation.bandRows * resultRow).roundedUp(to: correlation.kernels.lanes) }

  /// Copies the images of the groups.
  func pad(_ image: UnsafeRawPointer, _ groups: Range<Int>, _ band: Range<Int>, into padded: Tensor) {
    correlation.pad(image, band, images: groups.count, into: padded)
  }

  /// Copies gradients of results to where results would be, with zeros between them.
  func spread(
    _ gradient: UnsafeRawPointer, _ groups: Range<Int>, _ band: Range<Int>, of size: (height: Int, width: Int),
    into results: Tensor
  ) {
    var planes = planes(groups, band)
    var places = dt_stored_planes(
      rows: band.count, columns: size.width, plane: size.height * size.width,
      row_step: size.width, column_step: 1)
    correlation.kernels.spread_planes(&planes, gradient, &places, results.address)
  }

  func correlate(
    _ groups: Range<Int>, _ band: Range<Int>, _ padded: Tensor, _ weights: UnsafeRawPointer,
    bias: UnsafeRawPointer?, into results: Tensor
  ) {
    var planes = planes(groups, band)
    correlation.kernels.correlate_planes(
      &planes, taps, padded.address, weights, bias, results.address)
  }

  /// Adds the gradients of the weights to `sums` [groups, filters, taps, lanes].
  func correlateGradient(
    _ groups: Range<Int>, _ band: Range<Int>, _ padded: Tensor, _ gradient: Tensor, into sums: UnsafeMutableRawPointer
  ) {
    var planes = planes(groups, band)
    correlation.kernels.correlate_planes_gradient(
      &planes, taps, padded.address, gradient.address, sums)
  }

  /// Stores results at every `step`-th row and column of images of the given width.
  func store(
    _ results: Tensor, _ groups: Range<Int>, _ band: Range<Int>, at step: (Int, Int),
    in image: UnsafeMutableRawPointer, plane: Int, width: Int
  ) {
    var planes = planes(groups, band)
    var places = dt_stored_planes(
      rows: band.count, columns: correlation.columns.places, plane: plane,
      row_step: step.0 * width, column_step: step.1)
    correlation.kernels.store_planes(&planes, results.address, &places, image)
  }

  private func planes(_ groups: Range<Int>, _ band: Range<Int>) -> dt_planes {
    let columns = correlation.columns.places
    return dt_planes(
      groups: groups.count, taps: taps.count, filters: correlation.filters,
      rows: isFlat ? 1 : band.count, columns: isFlat ? (band.count - 1) * resultRow + columns : columns,
      row_step: correlation.rows.stride * correlation.paddedWidth,
      group_step: correlation.channels * correlation.paddedPlane, result_row: resultRow, result_plane: resultPlane)
  }
}
