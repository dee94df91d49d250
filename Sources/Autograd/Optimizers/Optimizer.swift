/// Something that changes parameters by their gradients, one step at a time.
public protocol Optimizer: AnyObject {
  /// Updates every parameter that has a gradient, which is multiplied by `gradientScale` first.
  ///
  /// The scale turns a sum over samples into their mean, or clips, without a pass over the gradients of its own.
  func step(gradientScale: Double)

  /// Forgets the gradients, so that the next backward pass starts afresh.
  func zeroGrad()

  /// The learning rate of each parameter group, in order: what a ``LearningRateSchedule`` sets between steps.
  var learningRates: [Double] { get set }

  /// Everything that later steps depend on, besides parameters, gradients and options, in an order that does not change.
  ///
  /// Names are the place of a parameter among those of all groups, a dot, and PyTorch's name of the quantity, as in
  /// `0.exp_avg`. The tensors share the optimizer's memory. A parameter that was never updated has no entries.
  func stateDictionary() -> [(name: String, tensor: Tensor)]

  /// Continues from a copy of what ``stateDictionary()`` gave.
  ///
  /// - Throws: ``StateDictionaryError`` when entries are missing, unexpected or misshapen; nothing is changed then.
  func load(stateDictionary: [(name: String, tensor: Tensor)]) throws
}

extension Optimizer {
  /// Updates every parameter that has a gradient.
  public func step() { step(gradientScale: 1) }
}

/// An optimizer whose steps a GPU may leave out, which is known only when later ones have been asked for.
package protocol RevertibleOptimizer: Optimizer {
  /// Takes back the last steps, which changed nothing: they do not count.
  func takeBack(_ count: Int)
}
