import Autograd
import Collective

/// Sums gradients that are on GPUs by NCCL, bucket by bucket, while backward goes on. All ranks get all sums.
final class NCCLReduction: ReductionOnGPU {
  /// The library's version, as in 22703.
  let version: Int
  let group: NCCLGroup
  private let rankCount: Int
  private let gradients: Tensor
  private var plan: BucketPlan
  private var isReady: [Bool]
  /// The number of buckets that were started.
  private var started = 0

  /// Reduces an array of gradients over a group of so many ranks, with the same plan on all.
  init(_ group: NCCLGroup, version: Int, rankCount: Int, _ gradients: Tensor, _ plan: BucketPlan) {
    precondition(gradients.count == plan.elementCount, "\(gradients.count) gradients, a plan of \(plan.elementCount)")
    self.version = version
    self.group = group
    self.rankCount = rankCount
    self.gradients = gradients
    self.plan = plan
    isReady = Array(repeating: false, count: plan.parameterCount)
  }

  /// NCCL's algorithm follows from the size; two ranks have only one order.
  var sumsDependOnPlan: Bool { rankCount > 2 }

  /// Where a part of the sums would do, a rank gets the others, too: they are added up in the same order then.
  func use(_ plan: BucketPlan, scattersSums: Bool) { self.plan = plan }

  func begin() {
    for index in isReady.indices { isReady[index] = false }
    started = 0
  }

  func keepShard() { preconditionFailure("logical shards cannot be added by NCCL, which has an order of its own") }

  func parameterReady(_ index: Int) throws {
    precondition(!isReady[index], "parameter \(index) is ready twice in a step")
    isReady[index] = true
    while started < plan.buckets.count, isReady[plan.buckets[started].parameters].allSatisfy({ $0 }) {
      try startNextBucket()
    }
  }

  /// NCCL goes on by itself.
  func progress() {}

  func checkForFailure() throws { try group.checkForFailure() }

  var hasEnded: Bool { group.hasEnded }

  @discardableResult
  func finish() throws -> Double {
    var stopwatch = Stopwatch()
    while started < plan.buckets.count { try startNextBucket() }
    try group.finishSums()
    return stopwatch.lap()
  }

  /// Waits for the sums that are under way, and tells it if they had to be ended.
  func settle(rank: Int, step: Int) {
    guard !group.settle() else { return }
    printNotice(
      "rank \(rank) has ended its sums on the GPU, which have failed, or in which another rank takes no part: its weights "
        + "are not those after step \(step)")
  }

  private func startNextBucket() throws {
    try group.startSum(plan.buckets[started].elements, of: gradients)
    started += 1
  }
}
