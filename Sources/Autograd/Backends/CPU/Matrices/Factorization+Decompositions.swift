import COpenBLAS

extension Factorization {
  /// Q [..., m, n], whose columns are orthogonal and of length 1, and upper triangular R [..., n, n] with Q · R = A, for
  /// matrices [..., m, n] with m ≥ n.
  static func qr(_ x: Tensor) -> (q: Tensor, r: Tensor) {
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    let q = workingCopy(of: x.transposed())
    let r = Tensor.zeros(Array(x.shape.dropLast(2)) + [columns, columns], dtype: .float64)
    _ = forEachMatrix(q) { place, matrix in
      guard columns > 0 else { return 0 }
      var (m, n, info) = (Int32(rows), Int32(columns), Int32(0))
      var reflections = [Double](repeating: 0, count: columns)
      withWorkspace { dgeqrf_(&m, &n, matrix, &m, &reflections, $0, $1, &info) }
      let upper = r.pointer(Double.self) + place * columns * columns
      for row in 0..<columns {
        for column in row..<columns { upper[row * columns + column] = matrix[column * rows + row] }
      }
      withWorkspace { dorgqr_(&m, &n, &n, matrix, &m, &reflections, $0, $1, &info) }
      return info
    }
    return (restored(q.transposed(), like: x), restored(r, like: x))
  }

  /// The singular values [..., k] of matrices [..., m, n], from the largest on, with U [..., m, k] and Vᵀ [..., k, n], k
  /// the smaller of m and n; and the first matrix for which they were not found, whose results mean nothing.
  static func svd(_ x: Tensor) -> (u: Tensor, values: Tensor, vTransposed: Tensor, failure: Int?) {
    let batch = Array(x.shape.dropLast(2))
    let (rows, columns) = (x.shape[x.rank - 2], x.shape[x.rank - 1])
    let count = min(rows, columns)
    let a = workingCopy(of: x)
    let u = Tensor.zeros(batch + [rows, count], dtype: .float64)
    let values = Tensor.zeros(batch + [count], dtype: .float64)
    let v = Tensor.zeros(batch + [count, columns], dtype: .float64)
    let failure = forEachMatrix(a) { place, matrix in
      guard count > 0 else { return 0 }
      guard (0..<rows * columns).allSatisfy({ matrix[$0].isFinite }) else { return 1 }
      // Rows are taken for columns: what is decomposed is Aᵀ, which exchanges U and V.
      var (m, n, k, info) = (Int32(columns), Int32(rows), Int32(count), Int32(0))
      var integers = [Int32](repeating: 0, count: 8 * count)
      withWorkspace {
        dgesdd_(
          "S", &m, &n, matrix, &m, values.pointer(Double.self) + place * count,
          v.pointer(Double.self) + place * count * columns, &m, u.pointer(Double.self) + place * rows * count, &k,
          $0, $1, &integers, &info, 1)
      }
      return info
    }
    return (restored(u, like: x), restored(values, like: x), restored(v, like: x), failure?.matrix)
  }

  /// The eigenvalues [..., n] of symmetric matrices [..., n, n], from the least on, and the transpose of the matrix of
  /// eigenvectors, [..., n, n]; of which the lower triangle is read. And the first matrix for which they were not found, whose
  /// results mean nothing.
  static func eigenvectorsOfSymmetric(_ x: Tensor) -> (values: Tensor, vectorsTransposed: Tensor, failure: Int?) {
    let size = x.shape[x.rank - 1]
    let vectors = workingCopy(of: x)
    let values = Tensor.zeros(Array(x.shape.dropLast()), dtype: .float64)
    let failure = forEachMatrix(vectors) { place, matrix in
      guard size > 0 else { return 0 }
      for row in 0..<size where !(0...row).allSatisfy({ matrix[row * size + $0].isFinite }) { return 1 }
      var (n, info) = (Int32(size), Int32(0))
      var integers = [Int32](repeating: 0, count: 5 * size + 3)
      var integerCount = Int32(integers.count)
      withWorkspace {
        // What is below the diagonal in rows is above it in columns.
        dsyevd_(
          "V", "U", &n, matrix, &n, values.pointer(Double.self) + place * size, $0, $1, &integers, &integerCount,
          &info, 1, 1)
      }
      return info
    }
    return (restored(values, like: x), restored(vectors, like: x), failure?.matrix)
  }

  /// Runs a routine of LAPACK twice: to ask it for the size of the memory it works in, and with that.
  private static func withWorkspace(
    _ routine: (_ memory: UnsafeMutablePointer<Double>, _ count: UnsafePointer<Int32>) -> Void
  ) {
    var (wanted, asking) = (0.0, Int32(-1))
    routine(&wanted, &asking)
    var count = Int32(wanted)
    var memory = [Double](repeating: 0, count: Int(count))
    routine(&memory, &count)
  }
}
