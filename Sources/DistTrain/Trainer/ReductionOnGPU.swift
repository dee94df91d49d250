import Collective

/// A reduction that GPUs make by themselves, in the order of their computation: the processor starts it, and need not wait
/// for its end before it asks for what comes after.
protocol ReductionOnGPU: GradientReduction {
  /// Throws when a sum has failed that the GPU may still be waiting for.
  func checkForFailure() throws
  /// Returns once the sums that were finished are there; throws when one has failed.
  func wait() throws
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
  func wait() {}
}
