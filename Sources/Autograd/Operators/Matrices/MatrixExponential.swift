extension Tensor {
  /// Σₖ Aᵏ / k! of every matrix A, as `torch.matrix_exp`: of matrices [..., n, n], each by itself.
  ///
  /// A is halved s times until its 1-norm is at most 1/2, where sixteen powers are as exact as double precision, and the result
  /// is squared s times (C. Moler, C. Van Loan, "Nineteen Dubious Ways to Compute the Exponential of a Matrix, Twenty-Five
  /// Years Later", SIAM Review 45, 2003), in double precision. All are products of matrices, so that there are gradients of any
  /// order, and a GPU computes those of its tensors.
  public func matrixExponential() -> Tensor {
    requireSquareMatrices(for: "matrixExponential")
    guard count > 0 else { return self * 1 }
    let norms = noGrad { detached().abs().sum([-2]).maximum(along: -1).values }
    let halvings = norms.array(of: Double.self).map { $0.isFinite && $0 > 0.5 ? $0.exponent + 2 : 0 }
    let shape = norms.shape + [1, 1]
    func ofMatrices(_ values: [Double]) -> Tensor { Tensor(values, shape: shape).to(device) }
    let a =
      cast(to: .float64) * ofMatrices(halvings.map { Double(sign: .plus, exponent: -Int($0), significand: 1) })
    var result = a.exponentialOfSmall()
    for squaring in 0..<(halvings.max() ?? 0) {
      let more = ofMatrices(halvings.map { $0 > squaring ? 1 : 0 }) .> 0
      result = Tensor.select(more, result.matmul(result), result)
    }
    return result.cast(to: dtype)
  }

  /// The first seventeen terms, in four groups of powers below the fourth.
  private func exponentialOfSmall() -> Tensor {
    let square = matmul(self)
    let powers = [Tensor.eye(shape[rank - 1]).cast(to: .float64).to(device), self, square, square.matmul(self)]
    let fourth = square.matmul(square)
    let inverseFactorials = (1...16).reduce(into: [1.0]) { $0.append($0[$1 - 1] / Double($1)) }
    var sum = fourth * inverseFactorials[16]
    for group in [12, 8, 4, 0] {
      for (power, matrix) in powers.enumerated() { sum = sum + matrix * inverseFactorials[group + power] }
      if group > 0 { sum = sum.matmul(fourth) }
    }
    return sum
  }
}
