import CKernels

/// A copy of elements read through strides in which neighbours in the source are not neighbours in the result: matrices
/// that are transposed block by block, where a run of the result would take an element of each cache line.
struct TransposedCopy {
  private let rows: Int
  private let columns: Int
  /// Elements of the source from a column to the next.
  private let columnStep: Int
  /// Elements of the result from a row to the next.
  private let rowStep: Int
  /// The matrices.
  private let walk: StridedWalk

  private static let smallestSide = 8

  /// - Returns: `nil` for other copies, and for matrices that are too small.
  init?(shape: [Int], strides: [Int]) {
    let merged = MergedDimensions(shape: shape, strides: [strides])
    let (sizes, steps) = (merged.sizes, merged.strides[0])
    guard let columnStep = steps.last, columnStep > 1, let row = steps.firstIndex(of: 1),
      min(sizes[row], sizes.last!) >= Self.smallestSide
    else { return nil }
    let own = Shape.strides(sizes)
    rows = sizes[row]
    columns = sizes.last!
    self.columnStep = columnStep
    rowStep = own[row]
    let others = sizes.indices.dropLast().filter { $0 != row }
    walk = StridedWalk(
      shape: others.map { sizes[$0] }, strides: [others.map { steps[$0] }, others.map { own[$0] }])
  }

  /// Copies elements of 4 or 8 bytes.
  func copy<T: TensorElement>(_ x: UnsafePointer<T>, to result: UnsafeMutablePointer<T>) {
    let transpose = MemoryLayout<T>.size == 4 ? dt_transpose_32 : dt_transpose_64
    walk.forEachRun { _, offsets in
      for i in 0..<walk.runLength {
        transpose(
          rows, columns, x + offsets[0] + i * walk.runStrides[0], columnStep,
          result + offsets[1] + i * walk.runStrides[1], rowStep)
      }
    }
  }
}
