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
    let failure = forEachMatrix(factors, size) { matrix in
      // What is below the diagonal in rows is above it in columns, where L · Lᵀ is Uᵀ · U.
      guard size > 0 else { return 0 }
      var (n, info) = (Int32(size), Int32(0))
      dpotrf_("U", &n, matrix, &n, &info, 1)
      return info
    }
    return (restored(factors, like: x).lowerTriangle(), failure)
  }

  /// X with A · X = B, for matrices A [..., n, n] and B [..., n, k] of the same dimensions before; NaN where A has no
  /// inverse, and the first of those.
  static func solve(_ a: Tensor, _ b: Tensor) -> (Tensor, Failure?) {
    let (size, columns) = (a.shape[a.rank - 1], b.shape[b.rank - 1])
    let factors = workingCopy(of: a)
    let solutions = workingCopy(of: b.transposed())
    var place = 0
    let failure = forEachMatrix(factors, size) { matrix in
      defer { place += 1 }
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

  /// The signs of the determinants of matrices [..., n, n], 0 where there is no inverse, and the logarithms of their sizes.
  static func logDeterminants(_ x: Tensor) -> (signs: Tensor, logarithms: Tensor) {
    let size = x.shape[x.rank - 1]
    let factors = workingCopy(of: x)
    var (signs, logarithms): ([Double], [Double]) = ([], [])
    _ = forEachMatrix(factors, size) { matrix in
      var (n, info) = (Int32(size), Int32(0))
      var pivots = [Int32](repeating: 0, count: size)
      if size > 0 { dgetrf_(&n, &n, matrix, &n, &pivots, &info) }
      var (sign, logarithm) = (1.0, 0.0)
      for row in 0..<size {
        let element = matrix[row * (size + 1)]
        if (element < 0) != (pivots[row] != row + 1) { sign = -sign }
        if element == 0 || element.isNaN { sign *= element }
        logarithm += log(element.magnitude)
      }
      signs.append(sign == 0 ? 0 : sign)
      logarithms.append(logarithm)
      return 0
    }
    let shape = Array(x.shape.dropLast(2))
    return (
      restored(Tensor(signs, shape: shape), like: x), restored(Tensor(logarithms, shape: shape), like: x)
    )
  }

  /// The elements in double precision and the processor's memory, in a tensor of their own.
  private static func workingCopy(of x: Tensor) -> Tensor {
    noGrad { x.detached().to(.cpu).cast(to: .float64).cloned() }
  }

  private static func restored(_ result: Tensor, like x: Tensor) -> Tensor {
    noGrad { result.cast(to: x.dtype).to(x.device) }
  }

  /// Runs LAPACK on each matrix of a working copy; gives the first that it found a fault in, by its `info`.
  private static func forEachMatrix(
    _ x: Tensor, _ size: Int, _ body: (UnsafeMutablePointer<Double>) -> Int32
  ) -> Failure? {
    var failure: Failure?
    for place in 0..<Shape.count(Array(x.shape.dropLast(2))) {
      let matrix = x.pointer(Double.self) + place * size * size
      let info = body(matrix)
      precondition(info >= 0, "LAPACK refused argument \(-info) for a matrix of \(size) rows")
      guard info > 0 else { continue }
      matrix.update(repeating: .nan, count: size * size)
      if failure == nil { failure = (place, Int(info) - 1) }
    }
    return failure
  }
}
