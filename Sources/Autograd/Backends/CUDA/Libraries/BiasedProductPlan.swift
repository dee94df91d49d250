import CCUDA

/// A product of two matrices, of which the second is transposed, plus a bias for each column, and ReLU of that if it is
/// rectified; all row-major.
struct BiasedProduct: Hashable {
  let rows: Int
  let columns: Int
  let inner: Int
  let isRectified: Bool
  let factor: MatrixLibrary.Element
  /// Of the result and the bias.
  let result: MatrixLibrary.Element
  let arithmetic: MatrixLibrary.Arithmetic
  let alignments: Alignments

  /// Where matrices and bias are.
  struct Operands {
    let first: UnsafeMutableRawPointer
    let second: UnsafeMutableRawPointer
    let bias: UnsafeMutableRawPointer
    let result: UnsafeMutableRawPointer
  }

  /// The powers of two that addresses are multiples of, as far as it matters.
  struct Alignments: Hashable {
    let first: UInt32
    let second: UInt32
    let bias: UInt32
    let result: UInt32

    init(of operands: Operands) {
      // The largest that the library asks about.
      func alignment(_ address: UnsafeMutableRawPointer) -> UInt32 {
        1 << min(UInt(bitPattern: address).trailingZeroBitCount, 8)
      }
      first = alignment(operands.first)
      second = alignment(operands.second)
      bias = alignment(operands.bias)
      result = alignment(operands.result)
    }
  }
}

/// How cuBLASLt computes a product with a bias: its descriptors, and the algorithm that it expects to be fastest of those
/// which always give the same bits.
final class BiasedProductPlan: @unchecked Sendable {  // used by who has the library's lock
  /// What is known of the algorithm.
  enum Standing {
    /// Its ReLU may make 0 of what is not a number.
    case untried
    case usable
    case refused
  }

  var standing: Standing
  private var operation: dt_lt_product?
  private var first: dt_lt_matrix?
  private var second: dt_lt_matrix?
  private var result: dt_lt_matrix?
  private var algorithm = dt_lt_algorithm()

  /// Nil where the library has no algorithm of the kind.
  init?(_ product: BiasedProduct, _ operands: BiasedProduct.Operands, workspaceByteCount: Int, handle: dt_blas_lt) {
    standing = product.isRectified ? .untried : .usable
    guard describe(product, operands), choose(product, workspaceByteCount, handle) else { return nil }
  }

  deinit {
    if let operation { _ = dt_cublasLtMatmulDescDestroy(operation) }
    for matrix in [first, second, result] {
      if let matrix { _ = dt_cublasLtMatrixLayoutDestroy(matrix) }
    }
  }

  /// Starts the product; the library's status.
  func compute(
    _ operands: BiasedProduct.Operands, workspace: UnsafeMutableRawPointer, byteCount: Int, stream: dt_stream,
    handle: dt_blas_lt
  ) -> Int32 {
    let status = setBias(operands.bias)
    guard status == 0 else { return status }
    var (one, zero): (Float, Float) = (1, 0)
    return dt_cublasLtMatmul(
      handle, operation, &one, operands.second, second, operands.first, first, &zero, operands.result, result,
      operands.result, result, &algorithm, workspace, byteCount, stream)
  }

  /// The library stores columns one after another, so that it sees every matrix transposed: cᵀ = b · aᵀ, and a bias for
  /// each row of that.
  private func describe(_ product: BiasedProduct, _ operands: BiasedProduct.Operands) -> Bool {
    let (rows, columns, inner) = (UInt64(product.rows), UInt64(product.columns), UInt64(product.inner))
    let (factor, type) = (product.factor.rawValue, product.result.rawValue)
    let scale = MatrixLibrary.Element.float32.rawValue
    let (transposed, bias, rectifiedBias): (Int32, UInt32, UInt32) = (1, 4, 6)
    return dt_cublasLtMatmulDescCreate(&operation, product.arithmetic.rawValue, scale) == 0
      && dt_cublasLtMatrixLayoutCreate(&second, factor, inner, columns, Int64(inner)) == 0
      && dt_cublasLtMatrixLayoutCreate(&first, factor, inner, rows, Int64(inner)) == 0
      && dt_cublasLtMatrixLayoutCreate(&result, type, columns, rows, Int64(columns)) == 0
      && set(.transposesA, transposed) == 0
      && set(.epilogue, product.isRectified ? rectifiedBias : bias) == 0
      // The algorithm depends on how it is aligned.
      && setBias(operands.bias) == 0
  }

  private func choose(_ product: BiasedProduct, _ workspaceByteCount: Int, _ handle: dt_blas_lt) -> Bool {
    var preference: dt_lt_preference?
    guard dt_cublasLtMatmulPreferenceCreate(&preference) == 0, let preference else { return false }
    defer { _ = dt_cublasLtMatmulPreferenceDestroy(preference) }
    func prefer<Value>(_ attribute: PreferenceAttribute, _ value: Value) -> Bool {
      withUnsafeBytes(of: value) {
        dt_cublasLtMatmulPreferenceSetAttribute(preference, attribute.rawValue, $0.baseAddress, $0.count) == 0
      }
    }
    // Parts of a sum are added up in float32 and an order of their own, or not divided at all: no part is rounded to
    // bfloat16, which the result may be.
    let inComputeType: UInt32 = 2
    let at = product.alignments
    guard prefer(.largestWorkspace, UInt64(workspaceByteCount)), prefer(.reductionSchemes, inComputeType),
      prefer(.alignmentOfA, at.second), prefer(.alignmentOfB, at.first), prefer(.alignmentOfC, at.result),
      prefer(.alignmentOfD, at.result)
    else { return false }
    var count: Int32 = 0
    let status = dt_cublasLtMatmulAlgoGetHeuristic(
      handle, operation, second, first, result, result, preference, 1, &algorithm, &count)
    return status == 0 && count == 1 && algorithm.status == 0 && algorithm.workspace_bytes <= workspaceByteCount
  }

  private func setBias(_ address: UnsafeMutableRawPointer) -> Int32 { set(.bias, address) }

  private func set<Value>(_ attribute: OperationAttribute, _ value: Value) -> Int32 {
    withUnsafeBytes(of: value) {
      dt_cublasLtMatmulDescSetAttribute(operation, attribute.rawValue, $0.baseAddress, $0.count)
    }
  }

  /// Numbers of `cublasLtMatmulDescAttributes_t`.
  private enum OperationAttribute: Int32 {
    case transposesA = 3
    case epilogue = 7
    case bias = 8
  }

  /// Numbers of `cublasLtMatmulPreferenceAttributes_t`.
  private enum PreferenceAttribute: Int32 {
    case largestWorkspace = 1
    case reductionSchemes = 3
    case alignmentOfA = 5
    case alignmentOfB = 6
    case alignmentOfC = 7
    case alignmentOfD = 8
  }
}
