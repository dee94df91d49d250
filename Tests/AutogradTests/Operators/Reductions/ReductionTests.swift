import Autograd
import Testing

/// Sums of short rows, whose length the loops know, and of longer ones.
@Suite struct ReductionTests {
  @Test(arguments: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 31, 32, 33], [0, 1, 17]) func sumsRows(length: Int, rows: Int) {
    let elements = (0..<rows * length).map { Float($0 % 29 - 14) / 4 }
    let expected = (0..<rows).map { row in elements[row * length..<(row + 1) * length].reduce(0, +) }
    #expect(Tensor(elements, shape: [rows, length]).sum([1]).array(of: Float.self) == expected)
    let doubles = Tensor(elements, shape: [rows, length]).cast(to: .float64)
    #expect(doubles.sum([1]).array(of: Float.self) == expected)
  }

  @Test(arguments: [1, 2, 7, 8, 9, 33]) func sumsOfWhatIsNoNumberAndOfNegativeZeros(length: Int) {
    let zeros = Tensor([Float](repeating: -0.0, count: length), shape: [1, length])
    #expect(zeros.sum([1]).array(of: Float.self).map(\.bitPattern) == [0])
    var elements = [Float](repeating: 1, count: length)
    elements[length - 1] = .infinity
    #expect(Tensor(elements, shape: [1, length]).sum([1]).array(of: Float.self) == [.infinity])
    elements[0] = .nan
    #expect(Tensor(elements, shape: [1, length]).sum([1]).array(of: Float.self)[0].isNaN)
  }

  /// What lies behind a row may be read with its last elements, and counts for nothing.
  @Test(arguments: [9, 15, 17, 40, 53, 70]) func rowsEndWhereTheyEnd(length: Int) {
    let rows = [Float](repeating: 2, count: length) + [Float](repeating: .nan, count: length)
    let sums = Tensor(rows, shape: [2, length]).sum([1]).array(of: Float.self)
    #expect(sums[0] == Float(2 * length) && sums[1].isNaN)
  }

  /// Columns are added up by so many at a time, the last ones with some of those before.
  @Test(arguments: [1, 2, 7, 8, 9, 15, 16, 21, 63, 64, 65, 93, 150], [0, 1, 5]) func sumsColumns(width: Int, rows: Int)
  {
    let elements = (0..<2 * rows * width).map { Float($0 % 29 - 14) / 4 }
    let expected = (0..<2 * width).map { i in
      (0..<rows).reduce(Float(0)) { $0 + elements[(i / width * rows + $1) * width + i % width] }
    }
    let x = Tensor(elements, shape: [2, rows, width])
    #expect(x.sum([1]).array(of: Float.self) == expected)
    #expect(x.cast(to: .float64).sum([1]).array(of: Float.self) == expected)
  }

  /// Squares of all elements are added up in double precision.
  @Test func `a norm is a number where its square is none`() throws {
    let x = Tensor([0x1.8p85, -0x1p86] as [Float], shape: [2])
    x.requiresGrad = true
    let norm = x.norm()
    #expect(norm.shape == [] && norm.item() == 0x1.4p86)
    try norm.backward()
    for (slope, exact) in zip(x.grad?.array(of: Double.self) ?? [], [0.6, -0.8]) { #expect(abs(slope - exact) < 1e-7) }
    #expect(x.norm(keepingDimensions: true).shape == [1] && Tensor.zeros([0, 2]).norm().item() == 0)
  }
}
