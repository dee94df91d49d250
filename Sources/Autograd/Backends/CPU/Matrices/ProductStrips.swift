extension MatrixProduct {
  /// A strip of the result, and where its operands begin.
  struct Strip {
    let rows: Int
    let columns: Int
    var first = 0
    var second = 0
    var result = 0
  }

  /// Elements from one row of an operand, as it is stored, to the next.
  var firstStride: Int { transposesFirst ? rows : inner }
  var secondStride: Int { transposesSecond ? inner : columns }

  /// The threads that share the product.
  var threads: Int { LoopThreads.threads(for: rows * columns * inner) }

  /// All of the result.
  var whole: Strip { Strip(rows: rows, columns: columns) }

  /// The result in at most `count` strips, cut along its longer side.
  func strips(_ count: Int) -> [Strip] {
    let cutsRows = rows > columns
    let length = cutsRows ? rows : columns
    let width = ((length + count - 1) / count).roundedUp(to: Self.cut)
    return stride(from: 0, to: length, by: width).map { start in
      let width = min(width, length - start)
      return cutsRows
        ? Strip(rows: width, columns: columns, first: start * (transposesFirst ? 1 : inner), result: start * columns)
        : Strip(rows: rows, columns: width, second: start * (transposesSecond ? inner : 1), result: start)
    }
  }

  /// Strips begin at multiples of this many elements, a tile's columns.
  private static let cut = 32
}
