import Collective

/// A reduction that GPUs make by themselves, in the order of their computation: the processor starts it, and need not wait
/// for its end before it asks for what comes after.
protocol ReductionOnGPU: GradientReduction {
  /// Throws when a sum has failed that the GPU may still be waiting for.
  func checkForFailure() throws
  /// Whether the sums that were finished are there.
  var hasEnded: Bool { get }
}

extension ReductionOnGPU {
  /// Nothing is kept from step to step.
  func forget() {}

  func abandon() {}
}

extension Replica {
  /// Waits for what a GPU does in a step, of which sums by other ranks may be a part: one that failed throws, and ranks
  /// that take no part in them leave this rank waiting, which it tells after some seconds.
  func waitForGPU(step: Int, until isThere: () -> Bool) throws {
    var notice = WaitNotice()
    while !isThere() {
      try reducerOnGPU?.checkForFailure()
      guard communicator.size > 1 else { continue }
      notice.tell(
        rank: communicator.rank,
        waitsFor: "the sums of step \(step) on the GPUs, in which a rank that does not say so takes no part")
    }
  }
}

/// The gradients of one rank alone on a GPU, which nobody adds to.
final class UnsharedGradients: ReductionOnGPU {
  var sumsDependOnPlan: Bool { false }
  func use(_ plan: BucketPlan, scattersSums: Bool) {}
  func begin() {}
  func keepShard() {}
  func parameterReady(_ index: Int) {}
  func progress() {}
  func finish() -> Double { 0 }
  func checkForFailure() {}
  var hasEnded: Bool { true }
}
