import COpenBLAS
import Foundation

/// Factors of matrices and solutions by them, as LAPACK computes them: by the processor and in double precision, whatever
/// the matrices' type and device, and without a graph.
enum Factorization {
  /// The place of a matrix among those of a batch, and that of its row at which it cannot be factored, from 0.
  typealias Failure = (matrix: Int, row: Int)

  /// L with L · Lᵀ = A and zeros above its diagonal, for each [n, n] of a tensor, of which the lower triangles are read;
  /// NaN for one that is not positive definite, and the first of those.
  static func cholesky(_ x: Tensor) -> (Tensor, Failure?) {
    let size = x.shape[x.rank - 1]
    let factors = workingCopy(of: x)
    let failure = forEachMatrix(factors) { _, matrix in
      // What is below the diagonal in rows is above it in columns, where L · Lᵀ is Uᵀ · U.
      guard size > 0 else { return 0 }
      var (n, info) = (Int32(size), Int32(0))
      dpotrf_("U", &n, matrix, &n, &info, 1)
      // OpenBLAS goes on with what is not a number.
      let notANumber = info == 0 ? (0..<size).first { matrix[$0 * (size + 1)].isNaN } : nil
      return notANumber.map { Int32($0 + 1) } ?? info
    }
    return (restored(factors, like: x).lowerTriangle(), failure)
  }

  /// X with A · X = B, for matrices A [..., n, n] and B [..., n, k] of the same dimensions before; NaN where A has no
  /// inverse, and the first of those.
  static func solve(_ a: Tensor, _ b: Tensor) -> (Tensor, Failure?) {
    let (size, columns) = (a.shape[a.rank - 1], b.shape[b.rank - 1])
    let factors = workingCopy(of: a)
    let solutions = workingCopy(of: b.transposed())
    let failure = forEachMatrix(factors) { place, matrix in
      guard size > 0 else { return 0 }
      // Rows are taken for columns: what is factored is Aᵀ, and its transpose is solved for.
      var (n, k, info, status) = (Int32(size), Int32(columns), Int32(0), Int32(0))
      var pivots = [Int32](repeating: 0, count: size)
      dgetrf_(&n, &n, matrix, &n, &pivots, &info)
      let right = solutions.pointer(Double.self) + place * size * columns
      guard info == 0 else {
        right.update(repeating: .nan, count: size * columns)
        return info
      }
      if columns > 0 { dgetrs_("T", &n, &k, matrix, &n, pivots, right, &n, &status, 1) }
      return status
    }
    return (restored(solutions.transposed(), like: b), failure)
  }

  /// X with T · X = B for triangular matrices T [..., n, n], of which the other triangle is not read, and B [..., n, k].
  static func solveTriangular(_ t: Tensor, _ b: Tensor, isUpper: Bool, hasUnitDiagonal: Bool) -> Tensor {
    let (size, columns) = (t.shape[t.rank - 1], b.shape[b.rank - 1])
    let solutions = workingCopy(of: b)
    guard b.count > 0 else { return restored(solutions, like: b) }
    let matrices = workingCopy(of: t)
    for place in 0..<b.count / (size * columns) {
      cblas_dtrsm(
        CblasRowMajor, CblasLeft, isUpper ? CblasUpper : CblasLower, CblasNoTrans,
        hasUnitDiagonal ? CblasUnit : CblasNonUnit, Int32(size), Int32(columns), 1,
        matrices.pointer(Double.self) + place * size * size, Int32(size),
        solutions.pointer(Double.self) + place * size * columns, Int32(columns))
    }
    return restored(solutions, like: b)
  }

  /// The determinants of matrices [..., n, n].
  static func determinants(_ x: Tensor) -> Tensor {
    var results: [Double] = []
    forEachDeterminant(of: x) { factors in
      // A product on the way may be larger or smaller than numbers can be, though the whole is not.
      var (product, exponent) = (1.0, 0)
      for factor in factors {
        product *= factor
        guard product.isNormal else { continue }
        exponent += Int(product.exponent)
        product = scalbn(product, -Int(product.exponent))
      }
      results.append(scalbn(product, exponent))
    }
    return restored(Tensor(results, shape: Array(x.shape.dropLast(2))), like: x)
  }

  /// The signs of the determinants of matrices [..., n, n], 0 where there is no inverse, and the logarithms of their sizes.
  static func logDeterminants(_ x: Tensor) -> (signs: Tensor, logarithms: Tensor) {
    var (signs, logarithms): ([Double], [Double]) = ([], [])
    forEachDeterminant(of: x) { factors in
      var (sign, logarithm) = (1.0, 0.0)
      for factor in factors {
        if factor < 0 { sign = -sign }
        if factor == 0 || factor.isNaN { sign *= factor }
        logarithm += log(factor.magnitude)
      }
      signs.append(sign == 0 ? 0 : sign)
      logarithms.append(logarithm)
    }
    let shape = Array(x.shape.dropLast(2))
    return (
      restored(Tensor(signs, shape: shape), like: x), restored(Tensor(logarithms, shape: shape), like: x)
    )
  }

  /// Calls `body` with numbers whose product is the determinant of a matrix, for each of a tensor.
  private static func forEachDeterminant(of x: Tensor, _ body: ([Double]) -> Void) {
    let size = x.shape[x.rank - 1]
    let factors = workingCopy(of: x)
    _ = forEachMatrix(factors) { _, matrix in
      var (n, info) = (Int32(size), Int32(0))
      var pivots = [Int32](repeating: 0, count: size)
      if size > 0 { dgetrf_(&n, &n, matrix, &n, &pivots, &info) }
      // Every exchange of two rows changes the sign.
      body((0..<size).map { matrix[$0 * (size + 1)] * (pivots[$0] == $0 + 1 ? 1 : -1) })
      return 0
    }
  }

  /// The elements in double precision and the processor's memory, in a tensor of their own.
  static func workingCopy(of x: Tensor) -> Tensor {
    // Asked for first: from then on OpenBLAS computes on the calling thread alone, by which kernels it always will.
    _ = BLAS.threadCount
    return noGrad { x.detached().to(.cpu).cast(to: .float64).cloned() }
  }

  /// A result in the type and the memory of what it was computed from.
  static func restored(_ result: Tensor, like x: Tensor) -> Tensor {
    noGrad { result.cast(to: x.dtype).to(x.device) }
  }

  /// Runs LAPACK on each matrix of a working copy, which is given with its place; gives the first that it found a fault in,
  /// by its `info`.
  static func forEachMatrix(_ x: Tensor, _ body: (Int, UnsafeMutablePointer<Double>) -> Int32) -> Failure? {
    var failure: Failure?
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    for place in 0..<Shape.count(Array(x.shape.dropLast(2))) {
      let matrix = x.pointer(Double.self) + place * rows * columns
      let info = body(place, matrix)
      precondition(info >= 0, "LAPACK refused argument \(-info) for a matrix of \(rows) rows and \(columns) columns")
      guard info > 0 else { continue }
      matrix.update(repeating: .nan, count: rows * columns)
      if failure == nil { failure = (place, Int(info) - 1) }
    }
    return failure
  }
}
