import Autograd

extension DifferentiatedOperators {
  /// Square matrices with an inverse.
  private static func ofMatrices(_ function: @escaping @Sendable (Tensor) throws -> Tensor)
    -> @Sendable () -> DifferentiatedFunction
  {
    {
      DifferentiatedFunction([random([2, 3, 3])]) { x in
        do {
          return try function(x[0] + 4 * Tensor.eye(3).cast(to: .float64))
        } catch {
          preconditionFailure("\(error)")
        }
      }
    }
  }

  static let matrices: Table = [
    "cholesky": ofMatrices { try $0.matmul($0.transposed()).cholesky() },
    "inverse": ofMatrices { try $0.inverse() },
    "solve": ofMatrices { try $0.solve($0.sliced(0..<2, along: -1)) },
    "solve for vectors": ofMatrices { try $0.solve($0.sum([-1])) },
    "solve triangular": ofMatrices { $0.solveTriangular($0, isUpper: true) + $0.solveTriangular($0, isUpper: false) },
    "solve unit triangular": ofMatrices { $0.solveTriangular($0 * $0, isUpper: false, hasUnitDiagonal: true) },
    "log absolute determinant": ofMatrices { (-$0).logAbsoluteDeterminant().logarithm },
    "determinant": ofMatrices { $0.determinant() },
    "exponential": ofMatrices { ($0 / 4).matrixExponential() },
    "qr": ofMatrices { .concatenated([$0.qr().q, $0.qr().r], dimension: -1) },
    "qr of more rows": ofMatrices {
      let (q, r) = $0.sliced(0..<2, along: -1).qr()
      return .concatenated([q, r], dimension: -2)
    },
    "qr of more columns": ofMatrices {
      let (q, r) = $0.sliced(0..<2, along: -2).qr()
      return .concatenated([q, r], dimension: -1)
    },
    "singular values and vectors": ofMatrices { try decomposed($0) },
    "singular values and vectors of more rows": ofMatrices { try decomposed($0.sliced(0..<2, along: -1)) },
    "singular values and vectors of more columns": ofMatrices { try decomposed($0.sliced(0..<2, along: -2)) },
    "eigenvalues and vectors": ofMatrices {
      let (values, vectors) = try ($0 + $0.transposed()).symmetricEigenvectors()
      return .concatenated([vectors * vectors, values.unsqueezed(-1)], dimension: -1)
    },
  ]

  /// All parts of singular value decompositions, without the signs of vectors.
  private static func decomposed(_ x: Tensor) throws -> Tensor {
    let (u, values, vTransposed) = try x.svd()
    return .concatenated([u * u * values.unsqueezed(-2), vTransposed.transposed().pow(2)], dimension: -2)
  }
}
