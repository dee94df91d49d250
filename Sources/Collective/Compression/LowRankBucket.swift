import CSharedMemory

/// A matrix of gradients in a bucket, and the rank of its approximation.
struct LowRankMatrix: Equatable {
  /// The first element in the bucket, or in the arena.
  let start: Int
  let rows: Int
  let columns: Int
  let rank: Int

  /// The rows and columns of a parameter: its first dimension and all others. Nil where that would not halve its size.
  init?(start: Int, shape: [Int], rank: Int) {
    guard shape.count >= 2 else { return nil }
    self.start = start
    rows = shape[0]
    columns = shape.dropFirst().reduce(1, *)
    self.rank = min(rank, rows, columns)
    guard 2 * (rows + columns) * self.rank < rows * columns else { return nil }
  }

  private init(start: Int, _ other: LowRankMatrix) {
    self.start = start
    (rows, columns, rank) = (other.rows, other.columns, other.rank)
  }

  /// The same matrix at another place.
  func moved(by distance: Int) -> LowRankMatrix { LowRankMatrix(start: start + distance, self) }

  var elements: Range<Int> { start..<start + rows * columns }
  var leftCount: Int { rows * rank }
  var rightCount: Int { columns * rank }
}

/// A bucket of gradients on its way through ``PowerSGD``.
final class LowRankBucket {
  private let gradients: UnsafeMutableBufferPointer<Float>
  private let matrices: [LowRankMatrix]
  /// The elements that belong to no matrix.
  private let plain: [Range<Int>]
  private let share: Float
  /// What was left out so far, in the layout of the gradients; while a sum is under way, with the gradients added.
  private let residual: UnsafeMutableBufferPointer<Float>
  /// The left factors, then the plain gradients.
  private let left: UnsafeMutableBufferPointer<Float>
  /// The right factors, which the next step begins with.
  private let right: UnsafeMutableBufferPointer<Float>
  private var isLeftSummed = false

  /// A bucket of `gradients` with `matrices` in the order of their place.
  ///
  /// - Parameters:
  ///   - share: one divided by the number of ranks.
  ///   - residual: what was left out so far, in the layout of the gradients.
  ///   - right: the right factors with which the next step begins; the same on all ranks.
  init(
    _ gradients: UnsafeMutableBufferPointer<Float>, matrices: [LowRankMatrix], share: Float,
    residual: UnsafeMutableBufferPointer<Float>, right: UnsafeMutableBufferPointer<Float>
  ) {
    self.gradients = gradients
    self.matrices = matrices
    self.share = share
    var end = 0
    var plain: [Range<Int>] = []
    for matrix in matrices {
      plain.append(end..<matrix.start)
      end = matrix.elements.upperBound
    }
    plain.append(end..<gradients.count)
    self.plain = plain.filter { !$0.isEmpty }
    self.residual = residual
    self.right = right
    left = .allocate(capacity: matrices.reduce(plain.reduce(0) { $0 + $1.count }) { $0 + $1.leftCount })
    left.initialize(repeating: 0)
  }

  deinit { left.deallocate() }

  /// The left factors of this rank, and what is summed as it is: to be summed over ranks.
  func projected() -> UnsafeMutableBufferPointer<Float> {
    isLeftSummed = false
    forEachMatrix { matrix, left, right in
      let own = residual.address(matrix.start, matrix.elements.count)
      Float.combine(
        gradients.address(matrix.start, matrix.elements.count), into: own, count: matrix.elements.count, .sum)
      csm_low_rank_left(matrix.rows, matrix.columns, matrix.rank, own, right, left)
    }
    forEachPlain { place, own in _ = place.update(fromContentsOf: own) }
    return left
  }

  /// What is to be summed next: the right factors of this rank. Nil when everything was, and the sums are in the bucket.
  func next() -> UnsafeMutableBufferPointer<Float>? {
    guard isLeftSummed else {
      isLeftSummed = true
      forEachMatrix { matrix, left, right in
        var noise = Noise(seed: 0)
        orthonormalize(left, count: matrix.rows, columns: matrix.rank, &noise)
        csm_low_rank_right(
          matrix.rows, matrix.columns, matrix.rank, residual.address(matrix.start, matrix.elements.count), left, right)
      }
      return right
    }
    forEachMatrix { matrix, left, right in
      csm_low_rank_product(
        matrix.rows, matrix.columns, matrix.rank, left, right, share,
        gradients.address(matrix.start, matrix.elements.count), residual.address(matrix.start, matrix.elements.count))
    }
    forEachPlain { place, own in _ = own.update(fromContentsOf: place) }
    return nil
  }

  private func forEachMatrix(
    _ body: (LowRankMatrix, _ left: UnsafeMutablePointer<Float>, _ right: UnsafeMutablePointer<Float>) -> Void
  ) {
    var start = (left: 0, right: 0)
    for matrix in matrices {
      body(matrix, left.address(start.left, matrix.leftCount), right.address(start.right, matrix.rightCount))
      start.left += matrix.leftCount
      start.right += matrix.rightCount
    }
  }

  /// Calls `body` with the place in ``left`` and in the bucket of each range that belongs to no matrix.
  private func forEachPlain(
    _ body: (_ place: UnsafeMutableBufferPointer<Float>, _ own: UnsafeMutableBufferPointer<Float>) -> Void
  ) {
    var start = matrices.reduce(0) { $0 + $1.leftCount }
    for range in plain {
      body(.init(rebasing: left[start..<start + range.count]), .init(rebasing: gradients[range]))
      start += range.count
    }
  }
}

extension UnsafeMutableBufferPointer<Float> {
  /// Where a range of elements that is not empty begins.
  fileprivate func address(_ start: Int, _ count: Int) -> UnsafeMutablePointer<Float> {
    guard let base = baseAddress, count > 0, start >= 0, start + count <= self.count else {
      preconditionFailure("\(count) elements from \(start) of \(self.count)")
    }
    return base + start
  }
}
