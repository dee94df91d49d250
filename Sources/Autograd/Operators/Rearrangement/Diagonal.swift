extension Tensor {
  /// The elements of a diagonal of two dimensions, as `torch.diagonal`.
  ///
  /// - Parameters:
  ///   - offset: Which one: 0 for the main one, positive to the right of it, negative below it.
  ///   - first: The dimension of the rows.
  ///   - second: The dimension of the columns, another one.
  /// - Returns: The other dimensions, and last that of the diagonal, which is empty where it misses the matrix.
  public func diagonal(_ offset: Int = 0, along first: Int = 0, _ second: Int = 1) -> Tensor {
    precondition(rank >= 2, "diagonal of shape \(shape), which has no matrices")
    let (row, column) = (Shape.normalize(first, rank: rank), Shape.normalize(second, rank: rank))
    precondition(row != column, "diagonal of shape \(shape) along dimension \(row) and itself")
    let rest = shape.indices.filter { $0 != row && $0 != column }
    let (rows, columns) = (shape[row], shape[column])
    let start = offset > 0 ? offset : -offset * columns
    let length = max(0, offset > 0 ? min(rows, columns - offset) : min(rows + offset, columns))
    // From one element of a diagonal to the next it is a row and a column.
    let order = rest + [row, column]
    let matrices = order == Array(shape.indices) ? self : permuted(order)
    let flat = matrices.reshaped(rest.map { shape[$0] } + [rows * columns])
    let end = length == 0 ? 0 : start + (length - 1) * (columns + 1) + 1
    return flat.sliced(length == 0 ? 0..<0 : start..<end, along: -1, step: columns + 1)
  }
}
