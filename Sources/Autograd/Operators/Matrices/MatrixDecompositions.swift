/// Products that matrices [..., m, n] are written as, each by itself. The processor computes them, in double precision:
/// tensors on a GPU are copied there and back.
extension Tensor {
  /// Q, whose columns are orthogonal and of length 1, and upper triangular R with Q · R = A, as `torch.linalg.qr`; with k the
  /// smaller of m and n. The gradient needs the first k columns to be independent (H.-J. Liao et al., arXiv:1903.09650).
  ///
  /// - Returns: [..., m, k] and [..., k, n].
  public func qr() -> (q: Tensor, r: Tensor) {
    requireMatrices(for: "qr")
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    if rows < columns {
      let (q, r) = sliced(0..<rows, along: -1).qr()
      let rest = q.transposed().matmul(sliced(rows..<columns, along: -1))
      return (q, .concatenated([r, rest], dimension: -1))
    }
    let factors = Factorization.qr(self)
    // Of one operation, which is recorded with one result.
    let both = noGrad { Tensor.concatenated([factors.q, factors.r], dimension: -2) }
    func parts(_ both: Tensor) -> (q: Tensor, r: Tensor) {
      (both.sliced(0..<rows, along: -2), both.sliced(rows..<rows + columns, along: -2))
    }
    let saved = both.detached()
    return parts(
      both.recorded(as: "LinalgQrBackward0", from: [self], saving: [both]) { gradient, inputs in
        let (q, r) = parts(inputs.output(saved))
        let (ofQ, ofR) = parts(gradient)
        let upper = (ofR.matmul(r.transposed()) - q.transposed().matmul(ofQ)).upperTriangle()
        let whole = ofQ + q.matmul(upper + upper.upperTriangle(1).transposed())
        inputs.add(0, r.solveTriangular(whole.transposed(), isUpper: true).transposed())
      })
  }

  /// The singular values of every matrix, from the largest on, with U and V whose columns are orthogonal and of length 1:
  /// U · diag(values) · Vᵀ = A, as `torch.linalg.svd(A, full_matrices=False)`; with k the smaller of m and n.
  ///
  /// A column of U and that of V may both have the other sign, which must not change a loss. Gradients that come by U and V
  /// need singular values that differ, and of a matrix that is not square also ones that are not 0; those that come by the
  /// values alone do not (J. Townsend, "Differentiating the singular value decomposition", 2016).
  ///
  /// - Returns: [..., m, k], [..., k] and [..., k, n].
  /// - Throws: ``LinearAlgebraError`` where a matrix has elements that are not finite, or the iteration does not end.
  public func svd() throws -> (u: Tensor, values: Tensor, vTransposed: Tensor) {
    requireMatrices(for: "svd")
    let (rows, columns) = (shape[rank - 2], shape[rank - 1])
    let (u, values, v, failure) = Factorization.svd(self)
    if let failure { throw LinearAlgebraError.notConverged(operation: "svd", matrix: failure) }
    let all = noGrad { Tensor.concatenated([u.transposed(), values.unsqueezed(-1), v], dimension: -1) }
    func parts(_ all: Tensor) -> (u: Tensor, values: Tensor, vTransposed: Tensor) {
      (
        all.sliced(0..<rows, along: -1).transposed(), all.sliced(rows..<rows + 1, along: -1).squeezed(-1),
        all.sliced(rows + 1..<rows + 1 + columns, along: -1)
      )
    }
    let saved = all.detached()
    return parts(
      all.recorded(as: "LinalgSvdBackward0", from: [self], saving: [all]) { gradient, inputs in
        let (u, values, v) = parts(inputs.output(saved))
        let (ofU, ofValues, ofV) = parts(gradient)
        let (row, column) = (values.unsqueezed(-2), values.unsqueezed(-1))
        let differences = row * row - column * column
        let (alongU, alongV) = (u.transposed().matmul(ofU), ofV.matmul(v.transposed()).transposed())
        let inner =
          (alongU - alongU.transposed()).quotient(differences) * row
          + (alongV - alongV.transposed()).quotient(differences) * column + ofValues.asDiagonal()
        var whole = u.matmul(inner).matmul(v)
        if rows > columns { whole = whole + (ofU - u.matmul(alongU)).quotient(row).matmul(v) }
        if rows < columns { whole = whole + u.matmul((ofV - alongV.transposed().matmul(v)).quotient(column)) }
        inputs.add(0, whole)
      })
  }

  /// The eigenvalues of symmetric matrices [..., n, n], from the least on, and eigenvectors of length 1, as
  /// `torch.linalg.eigh`: A · vectors = vectors · diag(values). The lower triangle is read, and the gradient is symmetric.
  ///
  /// A vector may have the other sign, which must not change a loss. Gradients that come by the vectors need eigenvalues that
  /// differ; those that come by the values alone do not (M. Giles, "Collected matrix derivative results for forward and
  /// reverse mode algorithmic differentiation", 2008).
  ///
  /// - Returns: [..., n] and [..., n, n], whose columns are the vectors.
  /// - Throws: ``LinearAlgebraError`` where a matrix has elements that are not finite, or the iteration does not end.
  public func symmetricEigenvectors() throws -> (values: Tensor, vectors: Tensor) {
    requireSquareMatrices(for: "symmetricEigenvectors")
    let size = shape[rank - 1]
    let (values, vectors, failure) = Factorization.eigenvectorsOfSymmetric(self)
    if let failure { throw LinearAlgebraError.notConverged(operation: "symmetricEigenvectors", matrix: failure) }
    let both = noGrad { Tensor.concatenated([vectors, values.unsqueezed(-1)], dimension: -1) }
    func parts(_ both: Tensor) -> (values: Tensor, vectors: Tensor) {
      (both.sliced(size..<size + 1, along: -1).squeezed(-1), both.sliced(0..<size, along: -1).transposed())
    }
    let saved = both.detached()
    return parts(
      both.recorded(as: "LinalgEighBackward0", from: [self], saving: [both]) { gradient, inputs in
        let (values, vectors) = parts(inputs.output(saved))
        let (ofValues, ofVectors) = parts(gradient)
        let along = vectors.transposed().matmul(ofVectors)
        let turned = (along - along.transposed()) / 2
        let inner = turned.quotient(values.unsqueezed(-2) - values.unsqueezed(-1)) + ofValues.asDiagonal()
        inputs.add(0, vectors.matmul(inner).matmul(vectors.transposed()))
      })
  }

  /// Matrices [..., n, n] with the elements [..., n] on the diagonal and zeros elsewhere.
  private func asDiagonal() -> Tensor {
    unsqueezed(-2) * Tensor.eye(shape[rank - 1]).cast(to: dtype).to(device)
  }

  /// The quotient, but 0 for 0 / 0, where a part of the result had no share in a loss.
  private func quotient(_ divisor: Tensor) -> Tensor {
    self / divisor.filled(with: 1, where: (detached() .== 0) .& (divisor.detached() .== 0))
  }

  private func requireMatrices(for operation: StaticString) {
    requireFloatingPoint(for: operation)
    precondition(rank >= 2, "\(operation) of shape \(shape), expected [..., m, n]")
  }
}
