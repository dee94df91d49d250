import CKernels

/// This package's own products of float32 matrices: `Sources/CKernels/product_in_place.c` and `product.c` for AVX-512,
/// `product_avx2.c` for AVX2.
///
/// The bits of an element of the result do not depend on addresses, on the number of threads, on how many rows and
/// columns there are or on which of the three kernels for float32 computes it.
package struct MatrixKernel: Sendable {
  private let kernel:
    @convention(c) (
      UnsafePointer<dt_product>?, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?,
      UnsafeMutableRawPointer?
    ) -> Void
  private let workspaceByteCount: @Sendable (dt_product) -> Int

  /// Multiplies the factors as they are and where they lie; `nil` where this processor has no such kernel.
  package static let inPlace = dt_product_in_place().map { kernel in
    MatrixKernel(kernel: kernel) { product in withUnsafePointer(to: product) { dt_product_in_place_workspace($0) } }
  }
  /// Multiplies the factors as they are, packed piece by piece; `nil` where this processor has no such kernel.
  package static let packed = dt_product_f32().map { kernel in
    MatrixKernel(kernel: kernel) { _ in dt_product_workspace }
  }
  /// Multiplies the factors as they are with AVX2; `nil` where this processor has none.
  package static let avx2 = dt_product_avx2().map { kernel in
    MatrixKernel(kernel: kernel) { _ in dt_product_avx2_workspace }
  }
  /// Multiplies the factors rounded to bfloat16 by the processor's instruction for that; `nil` where it has none.
  package static let bfloat16 = dt_product_bf16().map { kernel in
    MatrixKernel(kernel: kernel) { _ in dt_product_workspace }
  }

  /// The kernel that takes this product rather than OpenBLAS 0.3.21, if one does: the tables are in
  /// `docs/performance.md`.
  package static func fastest(for p: MatrixProduct) -> MatrixKernel? {
    guard isOptimized else { return nil }
    let longestVector = ThreadState.current.longestVector
    if longestVector >= 64 && inPlace != nil { return isFasterInPlace(p) ? inPlace : isFasterPacked(p) ? packed : nil }
    return longestVector >= 32 && isFasterWithAVX2(p) ? avx2 : nil
  }

  /// Whether ``inPlace`` is the fastest: while the factors stay in the caches.
  private static func isFasterInPlace(_ p: MatrixProduct) -> Bool {
    // Rows a multiple of 2 KiB apart share a few lines of a cache, which is borne for 2 KiB itself.
    func collide(_ length: Int) -> Bool { length > 512 && length % 512 == 0 }
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

  private static let million = 1_000_000

  /// Whether ``bfloat16`` takes this product rather than rounded copies and OpenBLAS, which are faster for small ones.
  static func isWorthPacking(_ p: MatrixProduct) -> Bool { isOptimized && p.rows * p.columns * p.inner > 200_000 }

  /// Debug builds do not optimize the C of kernels, which then lose to any library.
  #if DEBUG
    private static let isOptimized = false
  #else
    private static let isOptimized = true
  #endif

  /// `c` = op(a) · op(b), or that added to `c`, by as many threads as BLAS may use; no dimension is 0.
  package func multiply(
    _ p: MatrixProduct, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
    adding: Bool
  ) {
    let threads = p.threads
    guard threads > 1 else { return run(p, p.whole, a, b, c, adding: adding, workspace(for: p)) }
    let strips = p.strips(threads)
    // This thread's, whichever thread computes a strip: each would keep its own from the first strip on that it gets.
    let workspaces = strips.map { _ in workspace(for: p) }
    LoopThreads.shared.perform(strips.count) { run(p, strips[$0], a, b, c, adding: adding, workspaces[$0]) }
  }

  private func run(
    _ p: MatrixProduct, _ strip: MatrixProduct.Strip, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, adding: Bool, _ workspace: Storage
  ) {
    var product = dt_product(p, strip, adding: adding)
    kernel(&product, a + strip.first, b + strip.second, c + strip.result, workspace.pointer)
    extendLifetime(workspace)
  }

  private func workspace(for p: MatrixProduct) -> Storage {
    Storage(byteCount: workspaceByteCount(dt_product(p, p.whole, adding: false)), device: .cpu)
  }

  /// Makes sure that so many threads find their memory when they multiply at the same time: whether they meet in one
  /// step or another depends on chance.
  func reserveWorkspaces(_ threads: Int, for p: MatrixProduct) {
    extendLifetime((0..<threads).map { _ in workspace(for: p) })
  }
}

extension dt_product {
  fileprivate init(_ p: MatrixProduct, _ strip: MatrixProduct.Strip, adding: Bool) {
    self.init(
      rows: strip.rows, columns: strip.columns, inner: p.inner, transposes_first: p.transposesFirst,
      transposes_second: p.transposesSecond, adds: adding, first_stride: p.firstStride, second_stride: p.secondStride,
      result_stride: p.columns)
  }
}

extension MatrixProduct {
  /// Computes the product as that of tensors, with this thread's kernels and precision: `c` = op(a) · op(b), or that
  /// added to `c`.
  package func compute(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, into c: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    CPUBackend.shared.gemm(self, a, b, c, adding: adding)
  }
}
