import CKernels

extension MatrixKernel {
  /// The kernel that takes this product rather than OpenBLAS 0.3.21, if one does: the tables are in
  /// `docs/performance.md`.
  package static func fastest(for p: MatrixProduct) -> MatrixKernel? {
    guard isOptimized && !p.isOfShortRowsAndVector && !p.isOfLongRowsAndVector else { return nil }
    let longestVector = ThreadState.current.longestVector
    if longestVector >= 64 && inPlace != nil {
      return isIntel ? fastestOnIntel(p) : isZen4 ? fastestOnZen4(p) : fastestOnZen5(p)
    }
    return longestVector >= 32 && isFasterWithAVX2(p) ? avx2 : nil
  }

  /// Whether ``bfloat16`` takes this product rather than rounded copies and OpenBLAS, which are faster for small ones.
  static func isWorthPacking(_ p: MatrixProduct) -> Bool { isOptimized && p.rows * p.columns * p.inner > 200_000 }

  /// Debug builds do not optimize the C of kernels, which then lose to any library.
  #if DEBUG
    private static let isOptimized = false
  #else
    private static let isOptimized = true
  #endif

  private static let million = 1_000_000

  /// Rows a multiple of 2 KiB apart share a few lines of a cache, which is borne for 2 KiB itself.
  private static func collide(_ length: Int) -> Bool { length > 512 && length % 512 == 0 }
}

// MARK: - AVX-512

extension MatrixKernel {
  private static let isIntel = dt_is_intel()
  private static let isZen4 = dt_is_zen4()

  /// Measured on Emerald Rapids, whose cores make two multiply-adds of 16 floats at a time. ``packed`` keeps both units
  /// busy, ``inPlace`` needs its load for each multiply-add but packs nothing, which is less for
  ///
  /// - x·Wᵀ and g·W of few rows, and
  /// - gᵀ·x whose result stays in the caches, over any number of samples.
  ///
  /// OpenBLAS is left gᵀ·x with large results of many samples, and what has a million multiplications or less in g·W and
  /// gᵀ·x, for which it has kernels without packing.
  private static func fastestOnIntel(_ p: MatrixProduct) -> MatrixKernel? {
    let multiplications = p.rows * p.columns * p.inner
    switch (p.transposesFirst, p.transposesSecond) {
    case (false, true):
      if p.columns < 32 {
        return p.rows >= 128 || p.rows >= 32 && p.inner < 64 && p.columns * p.inner >= 200 ? inPlace : nil
      }
      if p.rows <= 16 { return p.columns >= 200 ? inPlace : nil }
      return p.rows < 64 && p.inner < 1024 ? inPlace : packed
    case (false, false):
      guard multiplications > million else { return nil }
      return p.rows <= 16 || p.rows < 64 && !collide(p.columns) && !collide(p.inner) ? inPlace : packed
    case (true, false):
      guard multiplications > million else { return nil }
      let isSmall = p.rows <= 64 || p.rows <= 256 && p.columns <= 800 || p.rows <= 512 && p.columns <= 128
      return isSmall ? inPlace : p.inner <= 192 ? packed : nil
    case (true, true): return nil
    }
  }

  /// Measured on Zen 5, whose cores make two multiply-adds and two loads of 16 floats at a time: ``packed`` but for few
  /// rows or columns, of which ``inPlace`` computes no more than there are.
  private static func fastestOnZen5(_ p: MatrixProduct) -> MatrixKernel? {
    let multiplications = p.rows * p.columns * p.inner
    switch (p.transposesFirst, p.transposesSecond) {
    case (false, true):
      if multiplications > million { return min(p.rows, p.columns / 2) < 16 && !collide(p.inner) ? inPlace : packed }
      if p.columns < 16 {
        // OpenBLAS's kernels without packing end at a result of about 1,200 elements.
        let isBeyondThem = p.rows * p.columns >= 1200
        return isBeyondThem || p.rows >= 32 && p.inner < 32 && p.columns * p.inner >= 200 ? inPlace : nil
      }
      if p.rows < 16 { return p.rows >= 8 && p.columns >= 256 ? inPlace : nil }
      return p.columns < 32 ? inPlace : p.columns >= 64 ? packed : nil
    case (false, false):
      guard multiplications > million else { return nil }
      return p.rows < 16 || p.columns < 32 && !collide(p.inner) ? inPlace : packed
    case (true, false):
      guard multiplications > million else { return nil }
      if p.columns < 64 || p.rows < 16 && !collide(p.columns) { return inPlace }
      return p.inner <= 256 ? packed : nil
    case (true, true): return nil
    }
  }

  /// Measured on Zen 4, whose cores make one multiply-add of 16 floats at a time: ``inPlace`` while the factors stay in
  /// the caches, ``packed`` beyond.
  private static func fastestOnZen4(_ p: MatrixProduct) -> MatrixKernel? {
    isFasterInPlace(p) ? inPlace : isFasterPacked(p) ? packed : nil
  }

  private static func isFasterInPlace(_ p: MatrixProduct) -> Bool {
    let multiplications = p.rows * p.columns * p.inner
    switch (p.transposesFirst, p.transposesSecond) {
    case (false, true):
      // OpenBLAS is good for the smallest factors, and for few and long columns as long as there are few rows, too.
      return (16...512).contains(p.rows) && p.columns * p.inner >= 200 && !collide(p.inner)
        && (p.columns >= 16 || p.inner < 64 || p.rows >= 128)
    case (false, false):
      return multiplications > million && (8...1024).contains(p.rows) && p.columns >= 64 && p.inner >= 32
        && !collide(p.inner) && !collide(p.columns)
    case (true, false):
      return multiplications > million && p.rows >= 8 && p.columns >= 64 && p.inner >= 64 && !collide(p.rows)
        && !collide(p.columns)
    case (true, true): return false
    }
  }

  /// Whether ``packed`` is faster than OpenBLAS.
  ///
  /// Below a million multiplications OpenBLAS has kernels without packing. Above, it
  /// - packs a transposed second operand column by column, however few rows there are to multiply with,
  /// - packs the second operand in pieces that leave the cache before few rows have used them, and
  /// - fills the result with zeros first, and waits for its memory in every tile.
  private static func isFasterPacked(_ p: MatrixProduct) -> Bool {
    guard p.rows * p.columns * p.inner > million && p.rows >= 16 else { return false }
    switch (p.transposesFirst, p.transposesSecond) {
    case (false, true): return p.inner >= 256
    case (false, false): return p.columns >= 64 && p.inner >= 32
    case (true, false): return p.columns >= 64 && (32...512).contains(p.inner)
    case (true, true): return false
    }
  }
}

// MARK: - AVX2

extension MatrixKernel {
  /// Whether ``avx2`` is faster than OpenBLAS: in x·Wᵀ with few rows or columns, else with few multiplications for each
  /// element of the result, but for the smallest products. Its panels of long columns do not fit the first-level cache.
  private static func isFasterWithAVX2(_ p: MatrixProduct) -> Bool {
    guard p.rows * p.columns * p.inner >= 10_000 else { return false }
    switch (p.transposesFirst, p.transposesSecond) {
    case (false, true): return p.rows >= 8 && (p.rows <= 128 || p.columns <= 128)
    case (false, false): return p.rows >= 16 && p.inner <= 64
    case (true, false): return p.rows >= 8 && p.columns >= 64 && p.inner <= 128
    case (true, true): return false
    }
  }
}
