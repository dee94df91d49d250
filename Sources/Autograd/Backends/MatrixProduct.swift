/// A batch of products of an [m, k] by a [k, n] matrix.
package struct MatrixProduct: Sendable {
  package var rows: Int
  package var columns: Int
  package var inner: Int
  /// Whether the first operand is stored as [k, m].
  package var transposesFirst: Bool
  /// Whether the second operand is stored as [n, k].
  package var transposesSecond: Bool
  /// The first element of each operand's matrix, for every product of the batch.
  package var offsets: [(first: Int, second: Int)]
  /// Whether the result may be kept as exactly as the factors are taken: that of a layer, or the gradient of what is.
  package var roundsResult: Bool

  package init(
    rows: Int, columns: Int, inner: Int, transposesFirst: Bool = false, transposesSecond: Bool = false,
    offsets: [(first: Int, second: Int)] = [(0, 0)], roundsResult: Bool = false
  ) {
    self.rows = rows
    self.columns = columns
    self.inner = inner
    self.transposesFirst = transposesFirst
    self.transposesSecond = transposesSecond
    self.offsets = offsets
    self.roundsResult = roundsResult
  }
}
