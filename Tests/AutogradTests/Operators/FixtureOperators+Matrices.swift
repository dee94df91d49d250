import Autograd

extension FixtureOperators {
  /// What a function of matrices that have it gives.
  private static func found(_ result: () throws -> Tensor) -> Tensor {
    do { return try result() } catch { preconditionFailure("\(error)") }
  }

  nonisolated(unsafe) static let matrices: [String: (Call) -> Tensor] = [
    "cholesky": { call in found { try call["x"].cholesky() } },
    "solve": { call in found { try call["A"].solve(call["B"]) } },
    "inverse": { call in found { try call["A"].inverse() } },
    "slogdet": { $0["x"].logAbsoluteDeterminant().logarithm },
    "determinant": { $0["x"].determinant() },
    "logdet": { $0["x"].logDeterminant() },
    "qr_q": { $0["x"].qr().q },
    "qr_r": { $0["x"].qr().r },
    "singular_values": { call in found { try call["x"].svd().values } },
    "svd": { call in
      found {
        let (u, values, vTransposed) = try call["x"].svd()
        return (u * values.tanh().unsqueezed(-2)).matmul(vTransposed)
      }
    },
    "eigenvalues": { call in found { try call["x"].symmetricEigenvectors().values } },
    "eigenvectors": { call in
      found {
        let (values, vectors) = try call["x"].symmetricEigenvectors()
        return (vectors * values.tanh().unsqueezed(-2)).matmul(vectors.transposed())
      }
    },
    "matrix_exp": { $0["x"].matrixExponential() },
    "solve_triangular": {
      $0["A"].solveTriangular($0["B"], isUpper: $0.bool("upper"), hasUnitDiagonal: $0.bool("unit"))
    },
  ]
}
