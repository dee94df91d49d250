import CSharedMemory

/// Sums buckets of gradients as matrices of low rank.
///
/// Each matrix M of gradients travels as two thin factors, one step of a power iteration from the last step's (T. Vogels,
/// S. P. Karimireddy, M. Jaggi, "PowerSGD: Practical Low-Rank Gradient Compression for Distributed Optimization",
/// NeurIPS 2019, arXiv:1905.13727). With N ranks, whose matrices are M₁, …, M_N with what each left out before:
///
///     P ← Σ Mᵢ · Q                 all-reduced
///     P ← orthonormal columns of P
///     Q ← Σ Mᵢᵀ · P                all-reduced; the next step begins with it
///     Σ Mᵢ ≈ P · Qᵀ                what rank i leaves out: Mᵢ − P · Qᵀ / N
///
/// What has less than two dimensions, or would not become half as large, is summed as it is. A rank keeps one number for
/// each gradient, what it left out, which a run that is resumed begins without. Sums have the same bits on all ranks.
final class PowerSGD {
  private let communicator: any Communicator
  private let arena: UnsafeMutableBufferPointer<Float>
  /// Of each parameter, the matrix as which it is summed, if any.
  private let matrices: [LowRankMatrix?]
  /// What this rank left out so far, in the layout of the arena.
  private let residual: UnsafeMutableBufferPointer<Float>
  /// The right factors, in the order of the parameters.
  private let right: UnsafeMutableBufferPointer<Float>
  private var buckets: [LowRankBucket] = []
  /// The buckets that were started and are not summed, oldest first, each with what it waits for.
  private var underWay: [(bucket: LowRankBucket, operation: any PendingOperation)] = []

  /// A compression of the gradients in `arena`, which must outlive it.
  ///
  /// - Parameters:
  ///   - shapes: the shape of each parameter.
  ///   - rank: the columns of the factors.
  init(
    communicator: any Communicator, arena: UnsafeMutableBufferPointer<Float>, plan: BucketPlan, shapes: [[Int]],
    rank: Int
  ) {
    precondition(shapes.count == plan.parameterCount, "\(shapes.count) shapes of \(plan.parameterCount) parameters")
    self.communicator = communicator
    self.arena = arena
    matrices = zip(plan.parameters, shapes).map { LowRankMatrix(start: $0.lowerBound, shape: $1, rank: rank) }
    residual = .allocate(capacity: plan.tail.lowerBound)
    residual.initialize(repeating: 0)
    right = .allocate(capacity: matrices.rightCount)
    right.initialize(repeating: 0)
    forget()
  }

  /// Begins again with nothing left out, and with factors that are the same on all ranks.
  func forget() {
    residual.update(repeating: 0)
    var filled = 0
    for (index, matrix) in matrices.enumerated() {
      var noise = Noise(seed: UInt64(index))
      for _ in 0..<(matrix?.rightCount ?? 0) {
        right[filled] = noise.next()
        filled += 1
      }
    }
  }

  deinit {
    residual.deallocate()
    right.deallocate()
  }

  /// Cuts the gradients in another way; what was left out and the factors stay. Not while sums are under way.
  func use(_ plan: BucketPlan) {
    buckets = zip(plan.buckets, plan.gradientRanges).map { bucket, range in
      let start = matrices[..<bucket.parameters.lowerBound].rightCount
      let own = matrices[bucket.parameters]
      return LowRankBucket(
        UnsafeMutableBufferPointer(rebasing: arena[range]),
        matrices: own.compactMap { $0?.moved(by: -range.lowerBound) },
        share: 1 / Float(communicator.size), residual: UnsafeMutableBufferPointer(rebasing: residual[range]),
        right: UnsafeMutableBufferPointer(rebasing: right[start..<start + own.rightCount]))
    }
  }

  /// Begins the sum of a bucket. Before, each that is under way takes its next step: so all ranks communicate in the same
  /// order, whatever the timing. Throws when the communication fails.
  func start(bucket index: Int) throws {
    try advance()
    underWay.append((buckets[index], try communicator.startAllReduce(buckets[index].projected(), .sum)))
  }

  /// Lets communication that was started proceed. Throws when it fails.
  func progress() throws {
    for (_, operation) in underWay { _ = try operation.test() }
  }

  /// Returns once all sums are in the arena. Throws when the communication fails.
  func finish() throws {
    while !underWay.isEmpty { try advance() }
  }

  private func advance() throws {
    let previous = underWay
    underWay = []
    for (bucket, operation) in previous {
      try operation.wait()
      if let next = bucket.next() { underWay.append((bucket, try communicator.startAllReduce(next, .sum))) }
    }
  }
}

extension Collection<LowRankMatrix?> {
  /// The elements of all right factors.
  fileprivate var rightCount: Int { reduce(0) { $0 + ($1?.rightCount ?? 0) } }
}
