/// A matrix that has not what a function of linear algebra needs.
public enum LinearAlgebraError: Error, Equatable, CustomStringConvertible {
  /// A matrix without an inverse: the place of the first among the matrices of a batch, and of a row, both from 0, that
  /// depends on those before it.
  case singular(operation: String, matrix: Int, row: Int)
  /// A matrix that is not positive definite, and a row, both from 0, up to which the leading part is not.
  case notPositiveDefinite(matrix: Int, row: Int)
  /// A matrix whose singular values or eigenvalues were not found, and its place among those of a batch, from 0.
  case notConverged(operation: String, matrix: Int)

  /// What was found, expected and where.
  public var description: String {
    switch self {
    case .singular(let operation, let matrix, let row):
      "\(operation): matrix \(matrix) is singular, for row \(row) depends on those before it; expected one with an inverse"
    case .notPositiveDefinite(let matrix, let row):
      "cholesky: matrix \(matrix) is not positive definite, nor is its part up to row \(row); expected a symmetric one "
        + "that is, as by adding a small number to the diagonal"
    case .notConverged(let operation, let matrix):
      "\(operation): the iteration for matrix \(matrix) did not end; expected elements that are finite numbers"
    }
  }
}
