import CKernels

/// The images of a batch in tiles: those under the kernels of 4 × 4 results, or those of 4 × 4 results themselves.
struct WinogradTiles {
  let kernels: dt_convolution_kernels
  let dtype: DataType
  let channels: Int
  /// Rows and columns of an image, and of zeros before its first.
  let size: (height: Int, width: Int)
  let padding: (top: Int, left: Int)
  /// Rows and columns of a tile.
  let extent: Int
  /// The tiles of an image.
  let grid: (rows: Int, columns: Int)
  /// Where each channel of an image begins.
  private let planes: [Int]

  /// Tiles of 4 × 4 elements.
  init(_ dtype: DataType, channels: Int, of size: (height: Int, width: Int)) {
    self.init(dtype, channels: channels, of: size, padding: (0, 0), extent: Self.results, results: size)
  }

  /// Tiles of what is under the kernels of 4 × 4 elements of `results`.
  init(
    _ dtype: DataType, channels: Int, of size: (height: Int, width: Int),
    padding: (top: Int, left: Int), under results: (height: Int, width: Int)
  ) {
    self.init(
      dtype, channels: channels, of: size, padding: padding, extent: Int(dt_winograd_extent), results: results)
  }

  private init(
    _ dtype: DataType, channels: Int, of size: (height: Int, width: Int),
    padding: (top: Int, left: Int), extent: Int, results: (height: Int, width: Int)
  ) {
    kernels = Correlation.kernels(for: dtype)
    self.dtype = dtype
    self.channels = channels
    self.size = size
    self.padding = padding
    self.extent = extent
    planes = (0..<channels).map { $0 * size.height * size.width }
    grid = (
      results.height.roundedUp(to: Self.results) / Self.results,
      results.width.roundedUp(to: Self.results) / Self.results
    )
  }

  /// Rows and columns of a tile's results.
  static let results = Int(dt_winograd_results)

  /// Memory for a row of tiles with channels last.
  func scratch() -> Tensor {
    Tensor(uninitialized: [extent * size.width * channels], dtype: dtype, device: .cpu)
  }

  /// The part of an image that is in a row of tiles.
  struct Part {
    let image: Int
    let rows: Range<Int>
  }

  /// The part of a row of tiles, of all images'.
  func part(_ row: Int) -> Part {
    let (image, tileRow) = row.quotientAndRemainder(dividingBy: grid.rows)
    let first = tileRow * Self.results - padding.top
    return Part(image: image, rows: max(first, 0)..<min(first + extent, size.height))
  }

  /// Takes a row of tiles to points.
  func toPoints(_ row: Int, of x: Tensor, scratch: Tensor, into points: WinogradPoints, at tile: Int) {
    let part = part(row)
    kernels.channels_last(
      channels, planes, part.rows.count * size.width, x.address(of: offset(of: part)), channels, scratch.address)
    var shape = shape(of: part, in: row, points)
    let values = points.address(element: tile * points.rowStep)
    if extent == Self.results {
      kernels.winograd.pointee.gradient_to_points(&shape, scratch.address, values)
    } else {
      kernels.winograd.pointee.image_to_points(&shape, scratch.address, values)
    }
  }

  /// The results of a row of tiles, channels last.
  ///
  /// - Returns: Whether all of them are finite.
  func toResults(_ row: Int, from points: WinogradPoints, at tile: Int, bias: Tensor, into results: Tensor) -> Bool {
    var shape = shape(of: part(row), in: row, points)
    return kernels.winograd.pointee.points_to_results(
      &shape, points.address(element: tile * points.rowStep), bias.address, results.address)
  }

  /// Stores a part whose channels are last.
  func store(_ part: Part, _ results: Tensor, into image: Tensor) {
    var places = dt_places(
      planes: channels, rows: part.rows.count, columns: size.width, filters: channels,
      from_row_step: size.width * channels, plane: size.height * size.width, row_step: size.width, column_step: 1)
    kernels.channels_first(&places, results.address, image.address(of: offset(of: part)))
  }

  /// Where a part's first channel begins in the batch.
  private func offset(of part: Part) -> Int {
    (part.image * channels * size.height + part.rows.lowerBound) * size.width
  }

  private func shape(of part: Part, in row: Int, _ points: WinogradPoints) -> dt_tile_row {
    dt_tile_row(
      channels: channels, tiles: grid.columns,
      first_row: part.rows.lowerBound - (row % grid.rows * Self.results - padding.top), rows: part.rows.count,
      left: padding.left, width: size.width, tile_step: points.rowStep, point_step: points.pointStep)
  }
}
