extension CUDABackend {
  func gather(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    let size = x.dtype.byteCount
    // Rows that are taken as a whole are moved in the largest units they are made of.
    let bytes =
      [16, 8, 4].first {
        extents.isShared && $0 > size && extents.inner * size % $0 == 0 && x.address.isAligned(to: $0)
          && result.address.isAligned(to: $0)
      } ?? size
    let picks = Picks(extents, inner: extents.inner * size / bytes)
    launch(
      "gather_\(bytes * 8)", in: .indexing, over: result.count * size / bytes, picks, x.address, indices.address,
      result.address)
  }

  func gatherBytes(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    launch(
      result.dtype == .float32 ? "gather_fractions" : "gather_numbers", in: .indexing, over: result.count,
      Picks(extents, inner: extents.inner), x.address, indices.address, result.address)
  }

  func scatterAdd(_ values: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    guard values.dtype.isFloatingPoint else { unsupported("the gradient of indexing", values.dtype) }
    guard values.count > 0 else { return }
    let picks = Picks(extents, inner: extents.inner)
    let columns = extents.outer * extents.inner
    guard (extents.isShared || columns == 1) && extents.picks > Self.fewPicks else {
      return launch(
        "scatter_columns_\(values.dtype.suffix)", in: .indexing, over: columns, picks, values.address, indices.address,
        result.address)
    }
    let order = scratch(extents.picks, .int64)
    sortingPlaces(indices, extents: .init(outer: 1, reduced: extents.picks, inner: 1), descending: false, into: order)
    // As many places in a piece as there are pieces: of an index that all have, one thread adds both, one after another.
    let length = min(Int(Double(extents.picks).squareRoot()), Self.longestPiece)
    let pieces = (extents.picks + length - 1) / length
    let firsts = scratch(pieces, .int64)
    let parts = scratch(2 * pieces * columns, values.dtype)
    defer { extendLifetime((order, firsts, parts)) }
    let threads = LaunchExtent(min((columns + 31) / 32 * 32, 256))
    let blocks = LaunchExtent(pieces, min((columns + threads.x - 1) / threads.x, 65535))
    device.launch(
      "scatter_pieces_\(values.dtype.suffix)", in: .indexing, blocks: blocks, threads: threads,
      arguments: [
        picks, length, values.address, indices.address, order.address, firsts.address, parts.address, result.address,
      ])
    device.launch(
      "scatter_parts_\(values.dtype.suffix)", in: .indexing, blocks: blocks, threads: threads,
      arguments: [
        picks, length, indices.address, order.address, firsts.address, parts.address, result.address,
      ])
  }

  /// So few that one thread a column adds them all.
  private static let fewPicks = 16

  /// `longestPiece` in `indexing.cu`.
  private static let longestPiece = 256

  func sortingPlaces(_ x: Tensor, extents e: ReductionExtents, descending: Bool, into places: Tensor) {
    guard x.dtype.isFloatingPoint || x.dtype == .int64 else { unsupported("sorting", x.dtype) }
    guard x.count > 0 else { return }
    let columns = e.outer * e.inner
    let isDescending: Int32 = descending ? 1 : 0
    let passes = Self.mergePasses(e.reduced)
    // Two arrays take turns, and the last pass writes to `places`.
    var (to, from) = (places, places)
    defer { extendLifetime((to, from)) }
    if passes > 0 { from = scratch(places.count, .int64) }
    if passes % 2 == 1 { swap(&to, &from) }
    device.launch(
      "sort_tiles_\(x.dtype.suffix)", in: .ordering,
      blocks: columns * ((e.reduced + Self.tileLength - 1) / Self.tileLength),
      threads: e.reduced <= 64 ? 32 : 256, e.reduced, e.inner, isDescending, x.address, to.address)
    for pass in 0..<passes {
      swap(&to, &from)
      launch(
        "merge_runs_\(x.dtype.suffix)", in: .ordering, over: places.count, columns, e.reduced, e.inner,
        Self.tileLength << pass, isDescending, x.address, from.address, to.address)
    }
  }

  func largestPlaces(_ x: Tensor, extents: ReductionExtents, count: Int, into places: Tensor) -> Bool { false }

  func distances(_ x: Tensor, _ y: Tensor, into result: Tensor) -> Bool { false }

  func sample(_ x: Tensor, at grid: Tensor, _ sampling: GridSampling, into result: Tensor) -> Bool { false }

  func sampleGradient(
    _ gradient: Tensor, of x: Tensor, at grid: Tensor, _ sampling: GridSampling, ofImages: Tensor?, ofGrid: Tensor?
  ) { unsupported("sampling in one operation", x.dtype) }

  /// The elements that one block sorts; `tileLength` in `ordering.cu`.
  private static let tileLength = 1024

  private static func mergePasses(_ length: Int) -> Int {
    var passes = 0
    while tileLength << passes < length { passes += 1 }
    return passes
  }
}

/// `Picks` in `indexing.cu`.
private struct Picks: KernelArgument {
  private let outer: Int
  private let size: Int
  private let picks: Int
  private let inner: Int
  private let isShared: Int

  init(_ extents: IndexedExtents, inner: Int) {
    outer = extents.outer
    size = extents.size
    picks = extents.picks
    self.inner = inner
    isShared = extents.isShared ? 1 : 0
  }
}
