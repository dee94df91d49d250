extension CUDABackend {
  func sum(_ x: Tensor, extents e: ReductionExtents, into result: Tensor) {
    guard x.dtype.isFloatingPoint || x.dtype == .int64 else { unsupported("sum", x.dtype) }
    let layout = x.layout
    if layout != .plain, let extents = e.arranged(as: layout, of: x) {
      return sum(arranged(x, as: layout), extents: extents, into: result)
    }
    let suffix = x.suffix
    let parts: ReductionParts
    let sums: Tensor?
    defer { extendLifetime(sums) }
    if e.inner == 1 {
      parts = ReductionParts(groups: e.outer, length: e.reduced)
      sums = parts.count > 1 ? scratch(parts.count * result.count, .float64) : nil
      launch(
        "sum_rows_\(suffix)", in: .reductions, rows: e.outer, of: e.reduced, parts: parts.count, e.outer, e.reduced,
        parts.chunk, x.address, sums?.address, result.address)
    } else {
      let columns = x.columnPacks(e.inner)
      parts = ReductionParts(matrices: e.outer, rows: e.reduced, columns: columns)
      sums = parts.count > 1 ? scratch(parts.count * result.count, .float64) : nil
      launch(
        "sum_columns_\(suffix)", in: .reductions, columns: columns, matrices: e.outer, parts: parts, e.outer,
        e.reduced, e.inner, parts.chunk, x.address, sums?.address, result.address)
    }
    guard let sums else { return }
    launch(
      "sum_parts_\(result.suffix)", in: .reductions, rows: result.count, of: parts.count, result.count, parts.count,
      sums.address, result.address)
  }

  func sumOfSquares(_ x: Tensor, into result: Tensor) {
    guard x.dtype.isFloatingPoint else { unsupported("a sum of squares", x.dtype) }
    let parts = ReductionParts(groups: 1, length: x.count)
    let sums = scratch(parts.count, .float64)
    let address = x.address
    launch(
      "sum_squares_\(x.dtype.suffix)", in: .reductions, rows: 1, of: x.count, parts: parts.count, x.count, parts.chunk,
      address, sums.address, result.address)
    if parts.count > 1 {
      launch(
        "sum_parts_f64", in: .reductions, rows: 1, of: parts.count, 1, parts.count, sums.address, result.address)
    }
    extendLifetime(sums)
  }

  func activationGradient(
    _ operation: BinaryOperation, _ gradient: Tensor, _ kept: Tensor, into result: Tensor, sums: Tensor, adding: Bool
  ) {
    guard sums.count > 0 else { return }
    let layout = kept.layout
    if layout != .plain {
      let (gradient, kept) = (arranged(gradient, as: layout), arranged(kept, as: layout))
      return write(result, as: layout) {
        activationGradient(operation, gradient, kept, into: $0, sums: sums, adding: adding)
      }
    }
    let (rows, columns) = (result.count / sums.count, sums.count)
    let packs = result.columnPacks(columns)
    let parts = ReductionParts(matrices: 1, rows: rows, columns: packs)
    let totals = parts.count > 1 ? scratch(parts.count * columns, .float64) : nil
    defer { extendLifetime(totals) }
    let isAdding: Int32 = adding ? 1 : 0
    launch(
      "\(operation.rawValue)_sums_\(result.suffix)", in: .linear, columns: packs, parts: parts, rows,
      columns, parts.chunk, gradient.address, kept.address, totals?.address, result.address, sums.address, isAdding)
    guard let totals else { return }
    launch(
      "gradient_sums_of_parts_\(sums.suffix)", in: .linear, rows: columns, of: parts.count, columns,
      parts.count, totals.address, sums.address, isAdding)
  }

  func maximum(_ x: Tensor, extents e: ReductionExtents, into result: Tensor, places: Tensor) {
    guard x.dtype.isFloatingPoint || x.dtype == .int64 else { unsupported("maximum", x.dtype) }
    if e.inner == 1 {
      launch(
        "maximum_of_rows_\(x.dtype.suffix)", in: .reductions, rows: e.outer, of: e.reduced, e.outer, e.reduced,
        x.address, result.address, places.address)
    } else {
      launch(
        "maximum_of_columns_\(x.dtype.suffix)", in: .reductions, over: e.outer * e.inner, e.outer, e.reduced, e.inner,
        x.address, result.address, places.address)
    }
  }

  func cumulativeSum(_ x: Tensor, extents e: ReductionExtents, reversed: Bool, into result: Tensor) {
    guard x.dtype.isFloatingPoint || x.dtype == .int64 else { unsupported("cumulative sum", x.dtype) }
    let backwards: Int32 = reversed ? 1 : 0
    if e.inner == 1 {
      // A row is one warp's, however long it is.
      launch(
        "accumulate_rows_\(x.dtype.suffix)", in: .reductions, rows: e.outer, of: 1, e.outer, e.reduced, backwards,
        x.address, result.address)
    } else {
      launch(
        "accumulate_columns_\(x.dtype.suffix)", in: .reductions, over: e.outer * e.inner, e.outer, e.reduced, e.inner,
        backwards, x.address, result.address)
    }
  }

  func cumulativeProduct(_ x: Tensor, extents: ReductionExtents, into result: Tensor) -> Bool { false }

  func cumulativeProductGradient(
    _ gradient: Tensor, of x: Tensor, products: Tensor, extents: ReductionExtents, into result: Tensor
  ) -> Bool { false }
}

extension ReductionExtents {
  /// The same sums over `x` as it is in a layout, if they are there: where channels are last, only those of the places
  /// of each channel of each image are.
  fileprivate func arranged(as layout: Layout, of x: Tensor) -> ReductionExtents? {
    guard layout.isChannelsLast else { return self }
    let (count, channels, places) = (x.shape[0], x.shape[1], x.shape[2] * x.shape[3])
    guard (outer, reduced, inner) == (count * channels, places, 1) else { return nil }
    return ReductionExtents(outer: count, reduced: places, inner: channels)
  }
}
