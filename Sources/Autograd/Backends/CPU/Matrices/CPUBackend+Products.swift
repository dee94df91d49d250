import CKernels
import COpenBLAS
import Synchronization

extension CPUBackend {
  func matrixProduct(_ product: MatrixProduct, _ a: Tensor, _ b: Tensor, into result: Tensor, adding: Bool) {
    let size = product.rows * product.columns
    for (i, offset) in product.offsets.enumerated() {
      switch result.dtype {
      case .float32:
        gemm(
          product, a.pointer(Float.self) + offset.first, b.pointer(Float.self) + offset.second,
          result.pointer(Float.self) + i * size, adding: adding)
      case .float64:
        gemm(
          product, a.pointer(Double.self) + offset.first, b.pointer(Double.self) + offset.second,
          result.pointer(Double.self) + i * size, adding: adding)
      case .int64:
        precondition(
          !product.transposesFirst && !product.transposesSecond && !adding, "int64 products are plain products only")
        dt_matrix_product_i64(
          product.rows, product.columns, product.inner, a.pointer() + offset.first, b.pointer() + offset.second,
          result.pointer() + i * size)
      default: unsupported("matrix product", result.dtype)
      }
    }
  }

  func activatedProduct(
    _ product: MatrixProduct, _ a: Tensor, _ b: Tensor, bias: Tensor, _ activation: LinearActivation?,
    into result: Tensor
  ) -> Bool {
    guard
      result.dtype == .float32,
      Float.multiply(product, a.pointer(), b.pointer(), result.pointer(), addingRow: bias.pointer())
    else { return false }
    if let activation { unary(activation.function, result, into: result) }
    return true
  }

  /// `c` = op(a) · op(b), or that added to `c`; any dimension may be 0.
  func gemm<T: BLASElement>(
    _ p: MatrixProduct, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ c: UnsafeMutablePointer<T>, adding: Bool
  ) {
    guard p.rows > 0 && p.columns > 0 else { return }
    guard p.inner > 0 else {
      if !adding { c.update(repeating: 0, count: p.rows * p.columns) }
      return
    }
    T.multiply(p, a, b, c, adding: adding)
  }
}

/// An element type that BLAS multiplies.
protocol BLASElement: TensorElement, BinaryFloatingPoint {
  /// `c` = op(a) · op(b), or that added to `c`; no dimension is 0.
  static func multiply(
    _ p: MatrixProduct, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafeMutablePointer<Self>,
    adding: Bool)

  /// Whether the bits of a product do not depend on the number of threads that share it; those of BLAS do.
  static func hasFixedBits(_ p: MatrixProduct) -> Bool

  /// Makes sure that so many threads find memory for such a product at the same time.
  static func reserveWorkspaces(_ threads: Int, for p: MatrixProduct)

  /// The product by BLAS, for row-major matrices: op(A) is [m, k], op(B) is [k, n], and C becomes op(A) · op(B) + beta · C.
  static func gemm(
    _ transA: CBLAS_TRANSPOSE, _ transB: CBLAS_TRANSPOSE, _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Self>,
    _ lda: Int32, _ b: UnsafePointer<Self>, _ ldb: Int32, _ beta: Self, _ c: UnsafeMutablePointer<Self>, _ ldc: Int32)

  /// The product of a row-major matrix [m, n], or its transpose, and a vector by BLAS: y becomes op(A) · x + beta · y.
  static func gemv(
    _ transA: CBLAS_TRANSPOSE, _ m: Int32, _ n: Int32, _ a: UnsafePointer<Self>, _ lda: Int32, _ x: UnsafePointer<Self>,
    _ beta: Self, _ y: UnsafeMutablePointer<Self>)
}

extension BLASElement {
  /// The product by BLAS, or by a loop where the call would take longer.
  fileprivate static func multiplyPlainly(
    _ p: MatrixProduct, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafeMutablePointer<Self>,
    adding: Bool
  ) {
    if p.isOfShortRowsAndVector { return smallMatrixVectorProduct(p, a, b, c, adding: adding) }
    func run(_ strip: MatrixProduct.Strip) {
      if p.isOfLongRowsAndVector {
        return matrixVectorProduct(p, strip, a + strip.first, b + strip.second, c + strip.result, adding: adding)
      }
      gemm(
        p.transposesFirst ? CblasTrans : CblasNoTrans, p.transposesSecond ? CblasTrans : CblasNoTrans,
        blasInt(strip.rows), blasInt(strip.columns), blasInt(p.inner), a + strip.first, blasInt(p.firstStride),
        b + strip.second, blasInt(p.secondStride), adding ? 1 : 0, c + strip.result, blasInt(p.columns))
    }
    let threads = p.threads
    guard threads > 1 else { return run(p.whole) }
    let strips = p.strips(threads)
    LoopThreads.shared.perform(strips.count) { run(strips[$0]) }
  }

  /// A matrix of short rows times a vector, each row added up from its end: the same bits on every processor, which
  /// are those of PyTorch on Intel's.
  private static func smallMatrixVectorProduct(
    _ p: MatrixProduct, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>, _ c: UnsafeMutablePointer<Self>,
    adding: Bool
  ) {
    for row in 0..<p.rows {
      var sum: Self = 0
      for i in (0..<p.inner).reversed() { sum += a[row * p.inner + i] * b[i] }
      c[row] = adding ? c[row] + sum : sum
    }
  }

  /// A strip of a matrix times a vector, or of a vector times a matrix, which is that of the transposed factors in the other
  /// order; its factors and result begin at the pointers.
  private static func matrixVectorProduct(
    _ p: MatrixProduct, _ strip: MatrixProduct.Strip, _ a: UnsafePointer<Self>, _ b: UnsafePointer<Self>,
    _ c: UnsafeMutablePointer<Self>,
    adding: Bool
  ) {
    let isVectorFirst = p.rows == 1
    let (matrix, vector) = isVectorFirst ? (b, a) : (a, b)
    let isTransposed = isVectorFirst ? !p.transposesSecond : p.transposesFirst
    let length = isVectorFirst ? strip.columns : strip.rows
    let (rows, columns) = isTransposed ? (p.inner, length) : (length, p.inner)
    gemv(
      isTransposed ? CblasTrans : CblasNoTrans, blasInt(rows), blasInt(columns), matrix,
      blasInt(isVectorFirst ? p.secondStride : p.firstStride), vector, adding ? 1 : 0, c)
  }

  private static func blasInt(_ value: Int) -> Int32 {
    guard let narrow = Int32(exactly: value) else {
      preconditionFailure("a matrix dimension of \(value) is beyond what BLAS takes (\(Int32.max))")
    }
    return narrow
  }
}

extension Float: BLASElement {
  static func multiply(
    _ p: MatrixProduct, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
    adding: Bool
  ) {
    let kernel = kernel(for: p)
    switch ProductPrecision.current {
    case .bfloat16 where kernel == nil || MatrixKernel.bfloat16 == nil:
      multiplyRounded(p, by: kernel, a, b, c, adding: adding)
    case .float32, .bfloat16: multiply(p, by: kernel, a, b, c, adding: adding)
    case .tf32: preconditionFailure("tf32 products need a CUDA device; the processor has float32 and bfloat16")
    }
  }

  /// The product by a kernel of this package, or by BLAS.
  private static func multiply(
    _ p: MatrixProduct, by kernel: MatrixKernel?, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    guard let kernel else { return multiplyPlainly(p, a, b, c, adding: adding) }
    kernel.multiply(p, a, b, c, adding: adding ? .result : .nothing)
  }

  /// `c` = op(a) · op(b) + `row`, where one of this package's kernels takes the product; otherwise nothing is done.
  static func multiply(
    _ p: MatrixProduct, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ c: UnsafeMutablePointer<Float>,
    addingRow row: UnsafePointer<Float>
  ) -> Bool {
    let roundsCopies = ProductPrecision.current == .bfloat16 && MatrixKernel.bfloat16 == nil
    guard !roundsCopies, p.rows > 0 && p.columns > 0 && p.inner > 0, let kernel = kernel(for: p) else { return false }
    kernel.multiply(p, a, b, c, adding: .row(row))
    return true
  }

  static func hasFixedBits(_ p: MatrixProduct) -> Bool { kernel(for: p) != nil }

  static func reserveWorkspaces(_ threads: Int, for p: MatrixProduct) {
    kernel(for: p)?.reserveWorkspaces(threads, for: p)
  }

  /// This package's kernel, where it takes the product; without an instruction that rounds to bfloat16, that of the
  /// rounded factors.
  private static func kernel(for p: MatrixProduct) -> MatrixKernel? {
    let state = ThreadState.current
    guard !state.usesGenericKernels else { return nil }
    return switch state.productPrecision {
    case .float32: MatrixKernel.fastest(for: p)
    case .bfloat16 where MatrixKernel.bfloat16 == nil: MatrixKernel.fastest(for: p)
    case .bfloat16: MatrixKernel.isWorthPacking(p) ? .bfloat16 : nil
    case .tf32: nil
    }
  }

  /// The product of copies that are rounded to bfloat16.
  private static func multiplyRounded(
    _ p: MatrixProduct, by kernel: MatrixKernel?, _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>,
    _ c: UnsafeMutablePointer<Float>, adding: Bool
  ) {
    let (first, second) = (p.rows * p.inner, p.inner * p.columns)
    let copies = Storage(byteCount: (first + second) * MemoryLayout<Float>.stride, device: .cpu)
    defer { extendLifetime(copies) }
    let rounded = copies.pointer.assumingMemoryBound(to: Float.self)
    dt_round_to_bf16(first, a, rounded)
    dt_round_to_bf16(second, b, rounded + first)
    multiply(p, by: kernel, rounded, rounded + first, c, adding: adding)
  }

  static func gemm(
    _ transA: CBLAS_TRANSPOSE, _ transB: CBLAS_TRANSPOSE, _ m: Int32, _ n: Int32, _ k: Int32, _ a: UnsafePointer<Float>,
    _ lda: Int32, _ b: UnsafePointer<Float>, _ ldb: Int32, _ beta: Float, _ c: UnsafeMutablePointer<Float>, _ ldc: Int32
  ) {
    cblas_sgemm(CblasRowMajor, transA, transB, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
  }

  static func gemv(
    _ transA: CBLAS_TRANSPOSE, _ m: Int32, _ n: Int32, _ a: UnsafePointer<Float>, _ lda: Int32,
    _ x: UnsafePointer<Float>, _ beta: Float, _ y: UnsafeMutablePointer<Float>
  ) {
    cblas_sgemv(CblasRowMajor, transA, m, n, 1, a, lda, x, 1, beta, y, 1)
  }
}

extension Double: BLASElement {
  static func multiply(
    _ p: MatrixProduct, _ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ c: UnsafeMutablePointer<Double>,
    adding: Bool
  ) {
    multiplyPlainly(p, a, b, c, adding: adding)
  }

  static func hasFixedBits(_: MatrixProduct) -> Bool { false }
  static func reserveWorkspaces(_: Int, for _: MatrixProduct) {}

  static func gemm(
    _ transA: CBLAS_TRANSPOSE, _ transB: CBLAS_TRANSPOSE, _ m: Int32, _ n: Int32, _ k: Int32,
    _ a: UnsafePointer<Double>, _ lda: Int32, _ b: UnsafePointer<Double>, _ ldb: Int32, _ beta: Double,
    _ c: UnsafeMutablePointer<Double>, _ ldc: Int32
  ) {
    cblas_dgemm(CblasRowMajor, transA, transB, m, n, k, 1, a, lda, b, ldb, beta, c, ldc)
  }

  static func gemv(
    _ transA: CBLAS_TRANSPOSE, _ m: Int32, _ n: Int32, _ a: UnsafePointer<Double>, _ lda: Int32,
    _ x: UnsafePointer<Double>, _ beta: Double, _ y: UnsafeMutablePointer<Double>
  ) {
    cblas_dgemv(CblasRowMajor, transA, m, n, 1, a, lda, x, 1, beta, y, 1)
  }
}

extension MatrixProduct {
  /// Whether this is of a matrix of short rows and a vector, for which a loop gives the same bits on every processor.
  var isOfShortRowsAndVector: Bool { columns == 1 && inner <= 8 && !transposesFirst }

  /// Whether this is of a vector and a matrix so large that kernels for two matrices, which pack them or use a part of
  /// their registers, take several times as long as BLAS's for a matrix and a vector.
  var isOfLongRowsAndVector: Bool { (rows == 1 || columns == 1) && rows * columns * inner >= 4096 }
}

/// The matrix library and its threads.
public enum BLAS {
  /// The number of threads that a large operation uses; one for each core that a rank has to itself is best.
  ///
  /// At first it is what OpenBLAS chooses by its environment variables. The threads are this package's: OpenBLAS itself
  /// computes on the calling one, because its own would wait awake for much longer than a step's parts take.
  public static var threadCount: Int {
    get { threads.load(ordering: .relaxed) }
    set {
      precondition(newValue > 0, "BLAS needs at least one thread, not \(newValue)")
      threads.store(newValue, ordering: .relaxed)
    }
  }

  private static let threads: Atomic<Int> = {
    let chosen = Int(openblas_get_num_threads())
    OpenBLASCore.correct()
    openblas_set_num_threads(1)
    return Atomic(chosen)
  }()

  /// Name, version and build options of the library, and the kind of core whose kernels it computes by.
  public static var summary: String {
    _ = threadCount
    return "\(String(cString: openblas_get_config())) (core: \(OpenBLASCore.name))"
  }

  /// What is wrong with the library on this processor; `nil` where nothing is.
  public static var warning: String? {
    _ = threadCount
    guard OpenBLASCore.isFallback, let suitable = OpenBLASCore.suitable else { return nil }
    return
      "OpenBLAS computes by its oldest kernels, as on a processor that it does not know: where it was built for several "
      + "kinds of core, OPENBLAS_CORETYPE=\(suitable) in the environment chooses others"
  }
}
