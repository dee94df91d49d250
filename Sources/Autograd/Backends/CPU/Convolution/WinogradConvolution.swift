import CKernels
import Synchronization

/// A convolution by 3 × 3 elements with strides of 1, whose multiplications are a quarter of those of its sums: see
/// `winograd.h`.
///
/// Values at points are sums and differences of elements, so that all results of a tile are rounded in proportion to its
/// largest elements, and one that is not finite reaches results that it has no part in. Where there are such, the methods
/// return false, and it has to be computed in another way.
struct WinogradConvolution {
  private let geometry: ConvolutionGeometry
  private let dtype: DataType
  private let winograd: dt_winograd_kernels

  private var channels: Int { geometry.groupChannels }
  private var filters: Int { geometry.groupFilters }

  /// - Returns: `nil` where that is not possible, or not faster than ``DirectConvolution``.
  init?(_ geometry: ConvolutionGeometry, _ dtype: DataType) {
    let (window, channels, filters) = (geometry.window, geometry.groupChannels, geometry.groupFilters)
    guard !Kernels.areGeneric, window.kernel == (3, 3), window.stride == (1, 1), window.dilation == (1, 1),
      window.padding.0 <= 2, window.padding.1 <= 2, geometry.groups == 1,
      min(channels, filters) >= Self.fewestChannels, geometry.outputPlane >= Self.fewestPlaces,
      geometry.multiplications > 0
    else { return nil }
    let kernels = Correlation.kernels(for: dtype)
    guard channels % kernels.lanes == 0 && filters % kernels.lanes == 0 else { return nil }
    self.geometry = geometry
    self.dtype = dtype
    winograd = kernels.winograd.pointee
  }

  /// Measured on Emerald Rapids with vectors of 16, 32 and 64 bytes: 16 channels take half to nine tenths of the time of
  /// sums, 64 and more a third to half.
  private static let fewestChannels = 16

  /// Those of an image: most of a tile's results are none where there are fewer.
  private static let fewestPlaces = 9

  /// Whether the convolution, ReLU and pooling by themselves are faster than ``CPUPooledConvolution``.
  var isFasterThanPooled: Bool { min(channels, filters) >= 64 }

  // MARK: - Results

  func convolve(_ x: Tensor, _ weight: Tensor, bias: Tensor?, into result: Tensor) -> Bool {
    let tiles = outputTiles
    return forEachPart(x, weight, bias: bias) { part, results, _ in tiles.store(part, results, into: result) }
  }

  /// Calls `body` with parts of the results of a few rows, channels last, and the number of the thread.
  func forEachPart(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?,
    _ body: @escaping (_ part: WinogradTiles.Part, _ results: Tensor, _ thread: Int) -> Void
  ) -> Bool {
    let matrices = WinogradFilters(
      rows: channels, columns: filters, rowStep: 9, columnStep: 9 * channels, isReversed: false)
    return convolve(
      x, inputTiles, weight, matrices, bias: bias ?? .zeros([filters], dtype: dtype), outputTiles, body)
  }

  /// The gradient of the input is a convolution of that of the output by the filters' elements in reverse order, in which
  /// channels take the filters' part.
  func inputGradient(_ gradient: Tensor, _ weight: Tensor, into result: Tensor) -> Bool {
    let size = (geometry.input[2], geometry.input[3])
    let (top, left) = geometry.window.padding
    let matrices = WinogradFilters(
      rows: filters, columns: channels, rowStep: 9 * channels, columnStep: 9, isReversed: true)
    let images = WinogradTiles(
      dtype, channels: filters, of: geometry.outputSize, padding: (2 - top, 2 - left), under: size)
    let tiles = WinogradTiles(dtype, channels: channels, of: size)
    return convolve(gradient, images, weight, matrices, bias: .zeros([channels], dtype: dtype), tiles) {
      part, results, _ in tiles.store(part, results, into: result)
    }
  }

  /// Threads share the blocks of tiles, or where there are few of them each block's work.
  private func convolve(
    _ x: Tensor, _ images: WinogradTiles, _ weight: Tensor, _ filters: WinogradFilters, bias: Tensor,
    _ results: WinogradTiles, _ body: @escaping (WinogradTiles.Part, Tensor, Int) -> Void
  ) -> Bool {
    let threads = geometry.threads
    let blocks = blocks(of: images)
    let (blockThreads, innerThreads) = blocks.count >= 2 * threads ? (threads, 1) : (1, threads)
    let pointsOfBlock = (0..<blockThreads).map { _ in (points(of: blocks[0], images), points(of: blocks[0], results)) }
    let scratch = (0..<threads).map { _ in (images.scratch(), results.scratch()) }
    let filterPoints = blocks.count > 1 ? filters.points(of: weight, winograd, over: threads) : nil
    let areFinite = Atomic(true)
    LoopThreads.shared.share(blocks.count, over: blockThreads) { block, blockThread in
      let (rows, (imagePoints, resultPoints)) = (blocks[block], pointsOfBlock[blockThread])
      LoopThreads.shared.share(rows.count, over: innerThreads) { i, thread in
        images.toPoints(
          rows.lowerBound + i, of: x, scratch: scratch[blockThread + thread].0, into: imagePoints,
          at: i * images.grid.columns)
      }
      let tiles = rows.count * images.grid.columns
      if let filterPoints {
        LoopThreads.shared.share(WinogradPoints.count, over: innerThreads) { point, _ in
          multiply(point, imagePoints, filterPoints, 0..<filters.columns, tiles: tiles, into: resultPoints)
        }
      } else {
        multiply(imagePoints, weight, filters, tiles: tiles, into: resultPoints, over: innerThreads)
      }
      LoopThreads.shared.share(rows.count, over: innerThreads) { i, thread in
        let (row, number) = (rows.lowerBound + i, blockThread + thread)
        let isFinite = results.toResults(
          row, from: resultPoints, at: i * results.grid.columns, bias: bias, into: scratch[number].1)
        body(results.part(row), scratch[number].1, number)
        if !isFinite { areFinite.store(false, ordering: .relaxed) }
      }
    }
    return areFinite.load(ordering: .relaxed)
  }

  /// Multiplies the only block of tiles and filters, which are taken to points panel by panel: they stay in a cache.
  private func multiply(
    _ images: WinogradPoints, _ weight: Tensor, _ filters: WinogradFilters, tiles: Int, into results: WinogradPoints,
    over threads: Int
  ) {
    let panels = filters.panels(winograd)
    let panelPoints = (0..<min(threads, panels.count)).map { _ in
      WinogradPoints(rows: filters.rows, columns: winograd.panel, dtype)
    }
    LoopThreads.shared.share(panels.count, over: threads) { panel, thread in
      filters.toPoints(panels[panel], of: weight, winograd, into: panelPoints[thread])
      for point in 0..<WinogradPoints.count {
        multiply(point, images, panelPoints[thread], panels[panel], tiles: tiles, into: results)
      }
    }
  }

  /// Sums over the channels of tiles times filters, for `columns` of the results, at one point.
  private func multiply(
    _ point: Int, _ images: WinogradPoints, _ filters: WinogradPoints, _ columns: Range<Int>, tiles: Int,
    into results: WinogradPoints
  ) {
    var product = dt_point_product(
      rows: tiles, columns: columns.count, inner: images.columns, first_step: images.rowStep, second_step: 0,
      result_step: results.rowStep, adds: false)
    winograd.multiply(
      &product, images.address(point: point), filters.address(point: point),
      results.address(point: point, element: columns.lowerBound))
  }

  // MARK: - Gradient of the weight

  /// - Returns: Whether the elements are finite.
  func weightGradient(_ x: Tensor, _ gradient: Tensor, into result: Tensor) -> Bool {
    let (images, gradients, threads) = (inputTiles, outputTiles, geometry.threads)
    let blocks = blocks(of: images)
    let (imagePoints, gradientPoints) = (points(of: blocks[0], images), points(of: blocks[0], gradients))
    let scratch = (0..<threads).map { _ in (images.scratch(), gradients.scratch()) }
    // Those of few tiles are made for some filters at a time, and stay in a cache.
    let isWhole = blocks.count > 1 || blocks[0].count * images.grid.columns > Self.fewTiles
    let sums = isWhole ? WinogradPoints(rows: filters, columns: channels, dtype) : nil
    for (number, rows) in blocks.enumerated() {
      LoopThreads.shared.share(rows.count, over: threads) { i, thread in
        let (row, tile) = (rows.lowerBound + i, i * images.grid.columns)
        images.toPoints(row, of: x, scratch: scratch[thread].0, into: imagePoints, at: tile)
        gradients.toPoints(row, of: gradient, scratch: scratch[thread].1, into: gradientPoints, at: tile)
      }
      guard let sums else { continue }
      LoopThreads.shared.share(WinogradPoints.count, over: threads) { point, _ in
        multiply(
          point, gradientPoints, 0..<filters, imagePoints, tiles: rows.count * images.grid.columns, into: sums,
          adding: number > 0)
      }
    }
    let matrices = WinogradFilters(
      rows: filters, columns: channels, rowStep: 9 * channels, columnStep: 9, isReversed: false)
    let parts = stride(from: 0, to: filters, by: Self.partRows).map { $0..<min($0 + Self.partRows, filters) }
    let partSums = (0..<(sums == nil ? threads : 0)).map { _ in
      WinogradPoints(rows: Self.partRows, columns: channels, dtype)
    }
    let areFinite = Atomic(true)
    LoopThreads.shared.share(parts.count, over: threads) { part, thread in
      let rows = parts[part]
      if sums == nil {
        for point in 0..<WinogradPoints.count {
          multiply(
            point, gradientPoints, rows, imagePoints, tiles: blocks[0].count * images.grid.columns,
            into: partSums[thread], adding: false)
        }
      }
      let isFinite = matrices.fromPoints(
        sums ?? partSums[thread], row: sums == nil ? 0 : rows.lowerBound, winograd, rows, of: result)
      if !isFinite { areFinite.store(false, ordering: .relaxed) }
    }
    return areFinite.load(ordering: .relaxed)
  }

  /// Filters whose gradients are made together, and tiles up to which the values of all are read again for each of those.
  private static let partRows = 24
  private static let fewTiles = 64

  /// Sums over tiles of the gradients of `rows` of the filters times images, at one point.
  private func multiply(
    _ point: Int, _ gradients: WinogradPoints, _ rows: Range<Int>, _ images: WinogradPoints, tiles: Int,
    into sums: WinogradPoints, adding: Bool
  ) {
    var product = dt_point_product(
      rows: rows.count, columns: channels, inner: tiles, first_step: gradients.rowStep, second_step: images.rowStep,
      result_step: sums.rowStep, adds: adding)
    winograd.multiply_transposed(
      &product, gradients.address(point: point, element: rows.lowerBound), images.address(point: point),
      sums.address(point: point))
  }

  // MARK: - Tiles

  private var inputTiles: WinogradTiles {
    WinogradTiles(
      dtype, channels: channels, of: (geometry.input[2], geometry.input[3]), padding: geometry.window.padding,
      under: geometry.outputSize)
  }

  private var outputTiles: WinogradTiles { WinogradTiles(dtype, channels: filters, of: geometry.outputSize) }

  /// Rows of tiles that are multiplied together: so many of them that filters are not read again too often, and so few
  /// that what they are at a point stays in the caches, but for rows that are longer by themselves.
  private func blocks(of tiles: WinogradTiles) -> [Range<Int>] {
    let rows = geometry.input[0] * tiles.grid.rows
    let step = max((max(channels, filters) < 256 ? 64 : 128) / tiles.grid.columns, 1)
    return stride(from: 0, to: rows, by: step).map { $0..<min($0 + step, rows) }
  }

  private func points(of block: Range<Int>, _ tiles: WinogradTiles) -> WinogradPoints {
    WinogradPoints(rows: block.count * tiles.grid.columns, columns: tiles.channels, gap: 16, dtype)
  }
}
