extension Tensor {
  /// Draws of a matrix whose rows, or columns if there are more rows, are orthogonal and of length `gain`, as
  /// `torch.nn.init.orthogonal_`: normal draws, orthogonalized one after the other (A. Saxe et al., arXiv:1312.6120).
  ///
  /// - Parameters:
  ///   - shape: Two dimensions or more; those after the first are taken as one.
  ///   - gain: The length.
  ///   - generator: Where the draws come from; the thread's default one if left out.
  public static func orthogonal(
    _ shape: [Int], gain: Double = 1, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) -> Tensor {
    precondition(shape.count >= 2, "orthogonal needs a shape of two dimensions or more, not \(shape)")
    let (rows, count) = (shape[0], Shape.count(shape))
    guard count > 0 else { return .zeros(shape, dtype: dtype) }
    return noGrad {
      let drawn = randn([rows, count / rows], dtype: dtype, generator: generator).cast(to: .float64)
      let isWide = rows < count / rows
      let vectors = isWide ? drawn : drawn.transposed()
      let orthogonal = vectors.orthogonalRows()
      return ((isWide ? orthogonal : orthogonal.transposed()) * gain).cast(to: dtype).reshaped(shape)
    }
  }

  /// The rows of this matrix, of `float64`, made orthogonal and of length 1 by the Gram–Schmidt process, a block of them
  /// at a time and twice: that is the Q of its QR decomposition for which R's diagonal is positive.
  private func orthogonalRows() -> Tensor {
    var done: [Tensor] = []
    for block in split(32) {
      var rows = block
      for _ in 0..<2 {
        for before in done { rows = rows - rows.matmul(before.transposed()).matmul(before) }
        rows = rows.cloned()
        for i in 0..<rows.shape[0] {
          var row = rows[i]
          if i > 0 { row = row - rows[..<i].matmul(row).matmul(rows[..<i]) }
          rows[i] = row / row.norm()
        }
      }
      done.append(rows)
    }
    return .concatenated(done)
  }
}
