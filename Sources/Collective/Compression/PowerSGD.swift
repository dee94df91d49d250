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
final class PowerSGD: BucketCompression {
  private let communicator: any Communicator
  private let buckets: [LowRankBucket]
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
    buckets = zip(plan.buckets, plan.gradientRanges).enumerated().map { index, bucket in
      LowRankBucket(
        UnsafeMutableBufferPointer(rebasing: arena[bucket.1]),
        matrices: bucket.0.parameters.compactMap { parameter in
          LowRankMatrix(
            start: plan.parameters[parameter].lowerBound - bucket.1.lowerBound, shape: shapes[parameter], rank: rank)
        }, share: 1 / Float(communicator.size), seed: UInt64(index))
    }
  }

  /// Begins the sum of a bucket. Before, each that is under way takes its next step: so all ranks communicate in the same
  /// order, whatever the timing.
  func start(bucket index: Int) throws {
    try advance()
    underWay.append((buckets[index], try communicator.startAllReduce(buckets[index].projected(), .sum)))
  }

  func progress() throws {
    for (_, operation) in underWay { _ = try operation.test() }
  }

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

/// Sums gradients over ranks with fewer bytes than they have.
protocol BucketCompression: AnyObject {
  /// Begins the sum of a bucket. Throws when the communication fails.
  func start(bucket index: Int) throws
  /// Lets communication that was started proceed. Throws when it fails.
  func progress() throws
  /// Returns once all sums are in the arena. Throws when the communication fails.
  func finish() throws
}
