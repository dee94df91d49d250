import CCUDA
import Synchronization

/// cuBLAS on one GPU, with memory of its own to work in, so that the same product always has the same bits.
final class MatrixLibrary: @unchecked Sendable {
  /// The version, as in 130100.
  let version: Int
  /// The memory that products are computed in.
  let workspace: UnsafeMutableRawBufferPointer
  private let handle: dt_blas
  /// A handle serves one thread at a time.
  private let turn = Mutex(())

  /// What NVIDIA recommends for Hopper; more than older GPUs need.
  private static let workspaceBytes = 32 << 20

  /// Opens the library.
  ///
  /// - Parameters:
  ///   - newestVersion: The version of CUDA whose code the driver can load.
  ///   - stream: Where products are computed; its context must be this thread's.
  init(newestVersion: Int?, stream: dt_stream, memory: CUDAMemory) throws {
    try CUDALibrary.cublas.open(newest: newestVersion)
    var handle: dt_blas?
    try Self.check(dt_cublasCreate_v2(&handle), "cublasCreate")
    guard let handle else { throw CUDAError.callFailed(call: "cublasCreate", reason: "no handle") }
    self.handle = handle
    var number: Int32 = 0
    try Self.check(dt_cublasGetVersion_v2(handle, &number), "cublasGetVersion")
    version = Int(number)
    try Self.check(dt_cublasSetStream_v2(handle, stream), "cublasSetStream")
    // After the stream, which brings back the library's own memory.
    workspace = .init(start: memory.take(Self.workspaceBytes), count: Self.workspaceBytes)
    try Self.check(dt_cublasSetWorkspace_v2(handle, workspace.baseAddress, workspace.count), "cublasSetWorkspace")
    // Parts of a sum are not rounded to bfloat16, which a result may be; the rest of the mode is the default.
    let disallowReducedPrecisionReduction: Int32 = 16
    try Self.check(dt_cublasSetMathMode(handle, disallowReducedPrecisionReduction), "cublasSetMathMode")
  }

  /// The type of elements, by numbers of `cudaDataType_t`.
  enum Element: Int32 {
    case float32 = 0
    case float64 = 1
    case bfloat16 = 14
  }

  /// How the products of elements are computed, by numbers of `cublasComputeType_t`.
  enum Arithmetic: Int32 {
    case float32 = 68
    case float64 = 70
    case float32ByBFloat16 = 75
    case float32ByTF32 = 77
  }

  /// A matrix: where it is, whether it is transposed, and the distance to the next of a batch.
  struct Operand {
    let address: UnsafeMutableRawPointer
    var isTransposed = false
    /// Elements from a row to the next, as it is stored.
    let rowStride: Int
    var batchStride = 0
  }

  /// `count` products c = op(a) · op(b), or those added to c; all row-major.
  func multiply(
    _ a: Operand, _ b: Operand, into c: Operand, rows: Int, columns: Int, inner: Int, count: Int, adding: Bool,
    _ factor: Element, _ result: Element, _ arithmetic: Arithmetic
  ) {
    // cuBLAS stores columns one after another, so that it sees every matrix transposed: cᵀ = bᵀ · aᵀ.
    compute(rows, columns, inner, scale: 1, adding: adding, result) { alpha, beta in
      guard count > 1 else {
        return dt_cublasGemmEx(
          handle, b.isTransposed ? 1 : 0, a.isTransposed ? 1 : 0, number(columns), number(rows), number(inner), alpha,
          b.address, factor.rawValue, number(b.rowStride), a.address, factor.rawValue, number(a.rowStride), beta,
          c.address, result.rawValue, number(c.rowStride), arithmetic.rawValue, Self.defaultAlgorithm)
      }
      return dt_cublasGemmStridedBatchedEx(
        handle, b.isTransposed ? 1 : 0, a.isTransposed ? 1 : 0, number(columns), number(rows), number(inner), alpha,
        b.address, factor.rawValue, number(b.rowStride), Int64(b.batchStride), a.address, factor.rawValue,
        number(a.rowStride), Int64(a.batchStride), beta, c.address, result.rawValue, number(c.rowStride),
        Int64(c.batchStride), number(count), arithmetic.rawValue, Self.defaultAlgorithm)
    }
  }

  /// `count` products c = scale · op(a) · op(b), or those added to c, of matrices wherever they are: the operands'
  /// addresses are those of `count` addresses, each a multiple of 16, in the GPU's memory.
  func multiplyEach(
    _ a: Operand, _ b: Operand, into c: Operand, rows: Int, columns: Int, inner: Int, count: Int, scale: Double,
    adding: Bool, _ element: Element, _ arithmetic: Arithmetic
  ) {
    compute(rows, columns, inner, scale: scale, adding: adding, element) { alpha, beta in
      dt_cublasGemmBatchedEx(
        handle, b.isTransposed ? 1 : 0, a.isTransposed ? 1 : 0, number(columns), number(rows), number(inner), alpha,
        b.address, element.rawValue, number(b.rowStride), a.address, element.rawValue, number(a.rowStride), beta,
        c.address, element.rawValue, number(c.rowStride), number(count), arithmetic.rawValue, Self.defaultAlgorithm)
    }
  }

  /// Calls `product` with the factors of the product and of what was there before.
  private func compute(
    _ rows: Int, _ columns: Int, _ inner: Int, scale: Double, adding: Bool, _ result: Element,
    _ product: (_ alpha: UnsafeRawPointer, _ beta: UnsafeRawPointer) -> Int32
  ) {
    var (alpha, beta): (Float, Float) = (Float(scale), adding ? 1 : 0)
    var (wideAlpha, wideBeta): (Double, Double) = (scale, adding ? 1 : 0)
    let status = turn.withLock { _ in
      result == .float64 ? product(&wideAlpha, &wideBeta) : product(&alpha, &beta)
    }
    if status != 0 {
      preconditionFailure(
        "cuBLAS: a product of [\(rows), \(inner)] and [\(inner), \(columns)] matrices failed: \(Self.text(of: status))")
    }
  }

  private static let defaultAlgorithm: Int32 = -1

  private func number(_ value: Int) -> Int32 {
    guard let narrow = Int32(exactly: value) else {
      preconditionFailure("a matrix dimension of \(value) is beyond what cuBLAS takes (\(Int32.max))")
    }
    return narrow
  }

  private static func check(_ status: Int32, _ call: String) throws {
    if status != 0 { throw CUDAError.callFailed(call: call, reason: text(of: status)) }
  }

  private static func text(of status: Int32) -> String {
    dt_cublasGetStatusString(status).map { String(cString: $0) } ?? "unknown status \(status)"
  }
}

extension ProductPrecision {
  /// How products of float32 elements are computed.
  var arithmetic: MatrixLibrary.Arithmetic {
    switch self {
    case .float32: .float32
    case .tf32: .float32ByTF32
    case .bfloat16: .float32ByBFloat16
    }
  }
}
