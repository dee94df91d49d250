extension Replica {
  /// What a step did.
  public struct Outcome {
    /// The mean loss over the global batch, before the step: the sum divided by ``count``; 0 for no samples.
    public let loss: Double
    /// The samples of the global batch, or what ranks counted in their place. With 0, no rank had any, and nothing was
    /// changed.
    public let count: Double
    /// What was measured beside the loss, by name: the sums divided by ``count``; nothing for no samples.
    public let measures: [String: Double]
    /// The Euclidean norm of the gradients of the mean loss, of all together and before they were scaled down, where it
    /// has a limit.
    public let gradientNorm: Double?
    /// What asked a rank to end by the time of the step, the same on all ranks. It is for the program to do so: the step
    /// was made.
    public let interruption: Interruption?
    /// Where the time went, without loading data.
    public let seconds: TrainingRecord.Seconds
  }
}
