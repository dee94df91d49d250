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

  /// What is added to a product.
  package enum Addend {
    case nothing
    /// What is in the result's memory.
    case result
    /// One row, to every row of the product.
    case row(UnsafePointer<Float>)
  }

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

  /// `c` = op(a) · op(b) + `addend`, by as many threads as BLAS may use; no dimension is 0.
  package func multiply(
    _ p: MatrixProduct, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
    adding addend: Addend
  ) {
    let threads = p.threads
    guard threads > 1 else { return run(p, p.whole, a, b, c, adding: addend, workspace(for: p)) }
    let strips = p.strips(threads)
    // This thread's, whichever thread computes a strip: each would keep its own from the first strip on that it gets.
    let workspaces = strips.map { _ in workspace(for: p) }
    LoopThreads.shared.perform(strips.count) { run(p, strips[$0], a, b, c, adding: addend, workspaces[$0]) }
  }

  private func run(
    _ p: MatrixProduct, _ strip: MatrixProduct.Strip, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, adding addend: Addend, _ workspace: Storage
  ) {
    var product = dt_product(p, strip)
    switch addend {
    case .nothing: break
    case .result: (product.addend, product.addend_stride) = (UnsafePointer(c + strip.result), p.columns)
    case .row(let row): product.addend = row + strip.result % p.columns
    }
    kernel(&product, a + strip.first, b + strip.second, c + strip.result, workspace.pointer)
    extendLifetime(workspace)
  }

  private func workspace(for p: MatrixProduct) -> Storage {
    Storage(byteCount: workspaceByteCount(dt_product(p, p.whole)), device: .cpu)
  }

  /// Makes sure that so many threads find their memory when they multiply at the same time: whether they meet in one
  /// step or another depends on chance.
  func reserveWorkspaces(_ threads: Int, for p: MatrixProduct) {
    extendLifetime((0..<threads).map { _ in workspace(for: p) })
  }
}

extension dt_product {
  fileprivate init(_ p: MatrixProduct, _ strip: MatrixProduct.Strip) {
    self.init(
      rows: strip.rows, columns: strip.columns, inner: p.inner, transposes_first: p.transposesFirst,
      transposes_second: p.transposesSecond, first_stride: p.firstStride, second_stride: p.secondStride,
      result_stride: p.columns, addend: nil, addend_stride: 0)
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
