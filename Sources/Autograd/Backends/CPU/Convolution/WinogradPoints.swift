import CKernels

/// A matrix for each of the 36 points.
struct WinogradPoints {
  let columns: Int
  /// Elements from a row to the next, and from a point to the next.
  let rowStep: Int
  let pointStep: Int
  private let values: Tensor

  static let count = Int(dt_winograd_points)

  /// - Parameter gap: Elements between rows, which otherwise could share a few lines of a cache.
  init(rows: Int, columns: Int, gap: Int = 0, _ dtype: DataType) {
    self.columns = columns
    rowStep = columns + gap
    // Nor are the points' first elements to share them.
    pointStep = (rows * rowStep).roundedUp(to: 1024) + 80
    values = Tensor(uninitialized: [Self.count * pointStep], dtype: dtype, device: .cpu)
  }

  /// Where an element of a point's matrix is.
  func address(point: Int = 0, element: Int = 0) -> UnsafeMutableRawPointer {
    values.address(of: point * pointStep + element)
  }
}

/// Filters as [rows, columns] of a weight, for each of which it has 3 × 3 elements.
struct WinogradFilters {
  let rows: Int
  let columns: Int
  /// Elements of the weight from a row to the next, and from a column to the next.
  let rowStep: Int
  let columnStep: Int
  /// Whether the 3 × 3 elements are taken from the last to the first.
  let isReversed: Bool

  /// The columns that are a panel each.
  func panels(_ winograd: dt_winograd_kernels) -> [Range<Int>] {
    stride(from: 0, to: columns, by: winograd.panel).map { $0..<min($0 + winograd.panel, columns) }
  }

  /// All filters at the points.
  func points(of weight: Tensor, _ winograd: dt_winograd_kernels, over threads: Int) -> WinogradPoints {
    let points = WinogradPoints(rows: rows, columns: columns, weight.dtype)
    let panels = panels(winograd)
    LoopThreads.shared.share(panels.count, over: threads) { panel, _ in
      toPoints(panels[panel], of: weight, winograd, into: points, at: panels[panel].lowerBound * rows)
    }
    return points
  }

  /// Takes a panel of the filters to points.
  func toPoints(
    _ panel: Range<Int>, of weight: Tensor, _ winograd: dt_winograd_kernels, into points: WinogradPoints,
    at element: Int = 0
  ) {
    var shape = shape(rows: rows, columns: panel.count, points)
    winograd.filters_to_points(
      &shape, weight.address(of: panel.lowerBound * columnStep), points.address(element: element))
  }

  /// Stores rows of the filters, which are in the matrices from `row` on.
  ///
  /// - Returns: Whether all elements are finite.
  func fromPoints(
    _ points: WinogradPoints, row: Int, _ winograd: dt_winograd_kernels, _ rows: Range<Int>, of weight: Tensor
  ) -> Bool {
    var shape = shape(rows: rows.count, columns: columns, points)
    return winograd.points_to_filters(
      &shape, points.address(element: row * points.rowStep), weight.address(of: rows.lowerBound * rowStep))
  }

  private func shape(rows: Int, columns: Int, _ points: WinogradPoints) -> dt_winograd_filters {
    dt_winograd_filters(
      rows: rows, columns: columns, row_step: rowStep, column_step: columnStep, reversed: isReversed,
      point_step: points.pointStep)
  }
}
