import Autograd
import Collective

/// The optimizer's rates, and what it keeps between steps.
extension Replica {
  /// Sets all ``learningRates`` to those of a schedule, as `Optimizer.setLearningRates(_:at:base:)` does; all ranks do
  /// the same.
  ///
  /// - Parameters:
  ///   - schedule: The schedule.
  ///   - step: The number of the next step, from 0.
  ///   - base: The rates that the schedule varies, in the order of ``learningRates``.
  public func setLearningRates(_ schedule: any LearningRateSchedule, at step: Int, base: [Double]) {
    learningRates = base.map { schedule.learningRate(at: step, base: $0) }
  }

  /// The optimizer's learning rate from the next step on, but for parameters in groups of their own. All ranks set the
  /// same: a ``LearningRateSchedule`` gives it for the number of the step.
  public var learningRate: Double {
    get { learningRates[0] }
    set { learningRates[0] = newValue }
  }

  /// ``learningRate``, and that of each group; all ranks set the same.
  public var learningRates: [Double] {
    get { optimizer.learningRates }
    set { optimizer.learningRates = newValue }
  }

  /// The bytes that this rank's part of the optimizer's state takes.
  package var optimizerByteCount: Int { optimizer.byteCount }

  /// What the optimizer keeps between steps, on rank 0: arrays in the arena's layout, and numbers. Nothing on the other
  /// ranks. Collective.
  package func gatherOptimizerState() throws -> OptimizerState {
    _ = try lastStarted?.outcome()
    return try optimizer.gatherState()
  }

  /// Continues from a copy of what ``gatherOptimizerState()`` gave.
  ///
  /// - Throws: `StateDictionaryError` where it is not the state of such an optimizer; before anything is changed,
  ///   ``NonfiniteLoss`` of a step that was started and whose outcome nobody asked for.
  package func restoreOptimizer(_ state: OptimizerState) throws {
    _ = try lastStarted?.outcome()
    try optimizer.restore(state)
    // What was recorded changes the arrays of the state before.
    recorder?.forget()
  }
}

extension Communicator {
  /// Rank 0's state on all ranks. Collective.
  func broadcast(_ state: OptimizerState) throws -> OptimizerState {
    try broadcast(state.map { (name: $0.quantity, tensor: $0.values) }, from: 0)
      .map { (quantity: $0.name, values: $0.tensor) }
  }
}
