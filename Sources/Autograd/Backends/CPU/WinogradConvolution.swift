import CKernels
import Synchronization

/// A convolution by 3 × 3 elements with strides of 1, whose multiplications are a quarter of those of its sums: see
/// `winograd.h`.
///
/// Values at points are sums and differences of elements, so that one that is not finite reaches results that it has no
/// part in. Where there are such, the methods return false, and it has to be computed in another way.
struct WinogradConvolution {
  private let geometry: ConvolutionGeometry
  private let dtype: DataType
  private let winograd: dt_winograd_kernels

  private var channels: Int { geometry.groupChannels }
  private var filters: Int { geometry.groupFilters }

  /// - Returns: `nil` where that is not possible, or not faster than ``DirectConvolution``.
  init?(_ geometry: ConvolutionGeometry, _ dtype: DataType) {
    let (window, channels, filters) = (geometry.window, geometry.groupChannels, geometry.groupFilters)
    guard !Kernels.areGeneric, window.kernel == (3, 3), window.stride == (1, 1),
      window.dilation == (1, 1), window.padding.0 <= 2, window.padding.1 <= 2, geometry.groups == 1,
      min(channels, filters) >= Self.fewestChannels, geometry.multiplications > 0
    else { return nil }
    let kernels = Correlation.kernels(for: dtype)
    guard channels % kernels.lanes == 0 && filters % kernels.lanes == 0 else { return nil }
    self.geometry = geometry
    self.dtype = dtype
    winograd = kernels.winograd.pointee
  }

  private static let fewestChannels = 64

  func convolve(_ x: Tensor, _ weight: Tensor, bias: Tensor?, into result: Tensor) -> Bool {
    let matrices = dt_winograd_filters(
      rows: channels, columns: filters, row_step: 9, column_step: 9 * channels, reversed: false, point_step: 0)
    return convolve(
      x, inputTiles, matrices, weight, bias: bias ?? .zeros([filters], dtype: dtype), into: result, outputTiles)
  }

  /// The gradient of the input is a convolution of that of the output by the filters' elements in reverse order, in which
  /// channels take the filters' part.
  func inputGradient(_ gradient: Tensor, _ weight: Tensor, into result: Tensor) -> Bool {
    let size = (geometry.input[2], geometry.input[3])
    let (top, left) = geometry.window.padding
    let matrices = dt_winograd_filters(
      rows: filters, columns: channels, row_step: 9 * channels, column_step: 9, reversed: true, point_step: 0)
    return convolve(
      gradient,
      WinogradTiles(
        dtype, channels: filters, of: geometry.outputSize, padding: (2 - top, 2 - left), under: size),
      matrices, weight, bias: .zeros([channels], dtype: dtype), into: result,
      WinogradTiles(dtype, channels: channels, of: size))
  }

  func weightGradient(_ x: Tensor, _ gradient: Tensor, into result: Tensor) -> Bool {
    let (images, gradients, threads) = (inputTiles, outputTiles, geometry.threads)
    let blocks = blocks(of: images)
    let (imagePoints, gradientPoints) = (points(of: blocks[0], images), points(of: blocks[0], gradients))
    let sums = WinogradPoints(rows: filters, columns: channels, dtype)
    let scratch = (0..<threads).map { _ in (images.scratch(), gradients.scratch()) }
    for (number, rows) in blocks.enumerated() {
      LoopThreads.shared.share(rows.count, over: threads) { i, thread in
        let (row, tile) = (rows.lowerBound + i, i * images.grid.columns)
        images.toPoints(row, of: x, scratch: scratch[thread].0, into: imagePoints, at: tile)
        gradients.toPoints(row, of: gradient, scratch: scratch[thread].1, into: gradientPoints, at: tile)
      }
      let product = dt_point_product(
        rows: filters, columns: channels, inner: rows.count * images.grid.columns, first_step: gradientPoints.rowStep,
        second_step: imagePoints.rowStep, result_step: sums.rowStep, adds: number > 0)
      share(points: product, winograd.multiply_transposed, gradientPoints, imagePoints, sums, over: threads)
    }
    let shape = dt_winograd_filters(
      rows: filters, columns: channels, row_step: 9 * channels, column_step: 9, reversed: false,
      point_step: sums.pointStep)
    let areFinite = Atomic(true)
    LoopThreads.shared.cut(filters, over: threads, step: 1) { rows in
      let isFinite = withUnsafePointer(to: shape) {
        winograd.points_to_filters($0, rows.lowerBound, rows.upperBound, sums.address(point: 0), result.address)
      }
      if !isFinite { areFinite.store(false, ordering: .relaxed) }
    }
    return areFinite.load(ordering: .relaxed)
  }

  /// Threads share the blocks of tiles, or where there are few of them each block's work.
  private func convolve(
    _ x: Tensor, _ images: WinogradTiles, _ matrices: dt_winograd_filters, _ weight: Tensor, bias: Tensor,
    into result: Tensor, _ results: WinogradTiles
  ) -> Bool {
    let threads = geometry.threads
    let filterPoints = WinogradPoints(rows: matrices.rows, columns: matrices.columns, dtype)
    var matrices = matrices
    matrices.point_step = filterPoints.pointStep
    let filterShape = matrices
    LoopThreads.shared.cut(matrices.columns, over: threads, step: winograd.panel) { columns in
      withUnsafePointer(to: filterShape) {
        winograd.filters_to_points(
          $0, columns.lowerBound, columns.upperBound, weight.address, filterPoints.address(point: 0))
      }
    }
    let blocks = blocks(of: images)
    let (blockThreads, rowThreads) = blocks.count >= 2 * threads ? (threads, 1) : (1, threads)
    let tilePoints = (0..<blockThreads).map { _ in (points(of: blocks[0], images), points(of: blocks[0], results)) }
    let scratch = (0..<threads).map { _ in (images.scratch(), results.scratch()) }
    let areFinite = Atomic(true)
    LoopThreads.shared.share(blocks.count, over: blockThreads) { block, blockThread in
      let (rows, (imagePoints, resultPoints)) = (blocks[block], tilePoints[blockThread])
      LoopThreads.shared.share(rows.count, over: rowThreads) { i, thread in
        images.toPoints(
          rows.lowerBound + i, of: x, scratch: scratch[blockThread + thread].0, into: imagePoints,
          at: i * images.grid.columns)
      }
      let product = dt_point_product(
        rows: rows.count * images.grid.columns, columns: matrices.columns, inner: matrices.rows,
        first_step: imagePoints.rowStep, second_step: 0, result_step: resultPoints.rowStep, adds: false)
      share(points: product, winograd.multiply, imagePoints, filterPoints, resultPoints, over: rowThreads)
      LoopThreads.shared.share(rows.count, over: rowThreads) { i, thread in
        let isFinite = results.toResults(
          rows.lowerBound + i, from: resultPoints, at: i * results.grid.columns, bias: bias,
          scratch: scratch[blockThread + thread].1, into: result)
        if !isFinite { areFinite.store(false, ordering: .relaxed) }
      }
    }
    return areFinite.load(ordering: .relaxed)
  }

  private typealias Product =
    @convention(c) (
      UnsafePointer<dt_point_product>?, UnsafeRawPointer?, UnsafeRawPointer?, UnsafeMutableRawPointer?
    ) -> Void

  private func share(
    points product: dt_point_product, _ multiply: @escaping Product, _ a: WinogradPoints, _ b: WinogradPoints,
    _ c: WinogradPoints, over threads: Int
  ) {
    LoopThreads.shared.share(Int(dt_winograd_points), over: threads) { point, _ in
      withUnsafePointer(to: product) {
        multiply($0, a.address(point: point), b.address(point: point), c.address(point: point))
      }
    }
  }

  private var inputTiles: WinogradTiles {
    WinogradTiles(
      dtype, channels: channels, of: (geometry.input[2], geometry.input[3]), padding: geometry.window.padding,
      under: geometry.outputSize)
  }

  private var outputTiles: WinogradTiles { WinogradTiles(dtype, channels: filters, of: geometry.outputSize) }

  /// Rows of tiles that are multiplied together: enough of them for the filters that are read once for each block, and so
  /// few that what they are at a point stays in the caches.
  private func blocks(of tiles: WinogradTiles) -> [Range<Int>] {
    let rows = geometry.input[0] * tiles.grid.rows
    let step = max(max(64, max(channels, filters) / 2) / tiles.grid.columns, 1)
    return stride(from: 0, to: rows, by: step).map { $0..<min($0 + step, rows) }
  }

  private func points(of block: Range<Int>, _ tiles: WinogradTiles) -> WinogradPoints {
    WinogradPoints(rows: block.count * tiles.grid.columns, columns: tiles.channels, gap: 16, dtype)
  }
}
