/// Functions of matrices [..., n, n], each by itself. The processor computes them, in double precision: tensors on a GPU
/// are copied there and back.
extension Tensor {
  /// The lower triangular L with L · Lᵀ = A, as `torch.linalg.cholesky`; of symmetric matrices, of which the lower
  /// triangle is read, and for which the gradient is symmetric, too (I. Murray, arXiv:1602.07527).
  ///
  /// - Throws: ``LinearAlgebraError`` where a matrix is not positive definite.
  public func cholesky() throws -> Tensor {
    requireSquareMatrices(for: "cholesky")
    let (factors, failure) = Factorization.cholesky(self)
    if let failure { throw LinearAlgebraError.notPositiveDefinite(matrix: failure.matrix, row: failure.row) }
    let saved = factors.detached()
    return factors.recorded(as: "LinalgCholeskyExBackward0", from: [self], saving: [factors]) { gradient, inputs in
      let l = inputs.output(saved)
      let product = l.transposed().matmul(gradient)
      let symmetric = (product.lowerTriangle() + product.lowerTriangle(-1).transposed()) / 2
      let half = l.transposed().solveTriangular(symmetric, isUpper: true)
      inputs.add(0, l.transposed().solveTriangular(half.transposed(), isUpper: true))
    }
  }

  /// X with A · X = B, as `torch.linalg.solve`.
  ///
  /// - Parameter b: [..., n, k], or one vector for each matrix, [..., n]; the dimensions before are broadcast.
  /// - Returns: Of the shape of B, with the dimensions before that it was broadcast to.
  /// - Throws: ``LinearAlgebraError`` where a matrix has no inverse.
  public func solve(_ b: Tensor) throws -> Tensor {
    requireSquareMatrices(for: "solve")
    if b.rank == 1 || (b.rank == rank - 1 && b.shape == Array(shape.dropLast())) {
      return try solve(b.unsqueezed(-1)).squeezed(-1)
    }
    let (a, b) = broadcastMatrices(b, for: "solve")
    let (solution, failure) = a.recordedSolution(b)
    if let failure { throw LinearAlgebraError.singular(operation: "solve", matrix: failure.matrix, row: failure.row) }
    return solution
  }

  /// The inverse of every matrix, as `torch.linalg.inv`. To multiply by it, ``solve(_:)`` is more exact and takes less time.
  ///
  /// - Throws: ``LinearAlgebraError`` where a matrix has none.
  public func inverse() throws -> Tensor {
    requireSquareMatrices(for: "inverse")
    let (inverse, failure) = recordedInverse()
    if let failure { throw LinearAlgebraError.singular(operation: "inverse", matrix: failure.matrix, row: failure.row) }
    return inverse
  }

  /// X with T · X = B for triangular matrices T, as `torch.linalg.solve_triangular`. The other triangle of T is not read. A
  /// 0 on the diagonal gives what is infinite or NaN.
  ///
  /// - Parameters:
  ///   - b: [..., n, k]; the dimensions before are broadcast.
  ///   - isUpper: Whether T has its elements on and above the diagonal; on and below it if not.
  ///   - hasUnitDiagonal: Whether the diagonal is taken to be of ones, and not read.
  /// - Returns: [..., n, k].
  public func solveTriangular(_ b: Tensor, isUpper: Bool, hasUnitDiagonal: Bool = false) -> Tensor {
    requireSquareMatrices(for: "solveTriangular")
    let (t, b) = broadcastMatrices(b, for: "solveTriangular")
    let x = Factorization.solveTriangular(t, b, isUpper: isUpper, hasUnitDiagonal: hasUnitDiagonal)
    let saved = x.detached()
    return x.recorded(as: "LinalgSolveTriangularBackward0", from: [t, b], saving: [t, x]) { gradient, inputs in
      let rightGradient = t.transposed().solveTriangular(
        gradient, isUpper: !isUpper, hasUnitDiagonal: hasUnitDiagonal)
      let whole = -rightGradient.matmul(inputs.output(saved).transposed())
      let first = hasUnitDiagonal ? 1 : 0
      inputs.add(0, isUpper ? whole.upperTriangle(first) : whole.lowerTriangle(-first))
      inputs.add(1, rightGradient)
    }
  }

  /// The sign of the determinant of every matrix, and the logarithm of its size, as `torch.linalg.slogdet`: 0 and −∞ for one
  /// without an inverse. The sign has no gradient.
  ///
  /// - Returns: Both of shape [...].
  public func logAbsoluteDeterminant() -> (sign: Tensor, logarithm: Tensor) {
    requireSquareMatrices(for: "logAbsoluteDeterminant")
    let (signs, logarithms) = Factorization.logDeterminants(self)
    let result = logarithms.recorded(as: "LinalgSlogdetBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient.unsqueezed(-1).unsqueezed(-1) * self.recordedInverse().0.transposed())
    }
    return (signs, result)
  }

  /// The logarithm of the determinant of every matrix, as `torch.logdet`: NaN where that is negative, −∞ where it is 0.
  ///
  /// - Returns: [...].
  public func logDeterminant() -> Tensor {
    let (sign, logarithm) = logAbsoluteDeterminant()
    return logarithm.filled(with: .nan, where: sign .== -1)
  }

  /// The determinant of every matrix, as `torch.linalg.det`. Its gradient needs an inverse; it is NaN where there is none.
  ///
  /// - Returns: [...].
  public func determinant() -> Tensor {
    requireSquareMatrices(for: "determinant")
    let y = Factorization.determinants(self)
    let saved = y.detached()
    return y.recorded(as: "LinalgDetBackward0", from: [self], saving: [self, y]) { gradient, inputs in
      let scale = (gradient * inputs.output(saved)).unsqueezed(-1).unsqueezed(-1)
      inputs.add(0, scale * self.recordedInverse().0.transposed())
    }
  }

  private func recordedSolution(_ b: Tensor) -> (Tensor, Factorization.Failure?) {
    let (x, failure) = Factorization.solve(self, b)
    let saved = x.detached()
    let result = x.recorded(as: "LinalgSolveExBackward0", from: [self, b], saving: [self, x]) { gradient, inputs in
      let rightGradient = self.transposed().recordedSolution(gradient).0
      inputs.add(0, -rightGradient.matmul(inputs.output(saved).transposed()))
      inputs.add(1, rightGradient)
    }
    return (result, failure)
  }

  private func recordedInverse() -> (Tensor, Factorization.Failure?) {
    let unit = Tensor.eye(shape[rank - 1]).cast(to: dtype).to(device).expanded(to: shape)
    let (y, failure) = Factorization.solve(self, unit)
    let saved = y.detached()
    let result = y.recorded(as: "LinalgInvExBackward0", from: [self], saving: [y]) { gradient, inputs in
      let transposed = inputs.output(saved).transposed()
      inputs.add(0, -transposed.matmul(gradient).matmul(transposed))
    }
    return (result, failure)
  }

  /// Stops the program unless this is a tensor of square matrices of floating-point numbers.
  func requireSquareMatrices(for operation: StaticString) {
    requireFloatingPoint(for: operation)
    precondition(
      rank >= 2 && shape[rank - 1] == shape[rank - 2], "\(operation) of shape \(shape), expected [..., n, n]")
  }

  /// These matrices and the right sides of equations with them, of one type, as many of both.
  private func broadcastMatrices(_ b: Tensor, for operation: StaticString) -> (Tensor, Tensor) {
    precondition(
      b.rank >= 2 && b.shape[b.rank - 2] == shape[rank - 1],
      "\(operation) with matrices \(shape) and right sides \(b.shape), expected [..., n, n] and [..., n, k]")
    let (first, second) = Self.promoted(self, b)
    let batch = Shape.broadcast(Array(shape.dropLast(2)), Array(b.shape.dropLast(2)))
    return (first.expanded(to: batch + shape.suffix(2)), second.expanded(to: batch + b.shape.suffix(2)))
  }
}
