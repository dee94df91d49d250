/// A use of the recorded graph that would give a wrong gradient or none.
public enum AutogradError: Error, Equatable, CustomStringConvertible {
  /// Gradients were asked of a tensor of integers.
  case gradientOfIntegers(DataType)
  /// `requiresGrad` was switched off for the result of an operation.
  case notALeaf
  /// A backward pass without a given gradient was started from a tensor of this shape.
  case gradientNeeded(shape: [Int])
  /// The gradient given to a backward pass has another shape than the tensor it starts from.
  case gradientShape(given: [Int], expected: [Int])
  /// A backward pass was started from a tensor that no recorded operation computed.
  case nothingRecorded
  /// The graph was walked before and freed; the name is of the operation at which that was noticed.
  case graphFreed(operation: String)
  /// A tensor that the named operation needs for its gradient was changed in place since.
  case changedInPlace(operation: String)
  /// A leaf that requires gradients was changed in place while recording.
  case leafChangedInPlace
  /// The result of the named operation was changed in place while recording.
  case resultChangedInPlace(operation: String)
  /// A tensor was changed in place by one that requires gradients, while recording.
  case trackedOperandInPlace
  /// A copy of a part of a tensor, or of its elements in another order, was changed in place, which would not change that
  /// tensor.
  case copyChangedInPlace
  /// A gradient was asked with respect to a tensor (by its place in the list) that the result does not depend on.
  case unused(index: Int)
  /// The body of ``recomputed(_:)`` computed something else in the backward pass than in the forward pass.
  case recomputedOtherwise(found: String, expected: String)

  /// What was found and what to do about it.
  public var description: String {
    switch self {
    case .gradientOfIntegers(let dtype):
      "only floating-point tensors can require gradients, this one is \(dtype); cast it to float32 or float64 first"
    case .notALeaf:
      "requiresGrad can be switched off for leaves only; use detached() to cut a computed tensor off the graph"
    case .gradientNeeded(let shape):
      "backward() starts from a scalar, this tensor has shape \(shape); reduce it or pass backward(gradient:)"
    case .gradientShape(let given, let expected):
      "backward(gradient:) was given shape \(given) for a tensor of shape \(expected)"
    case .nothingRecorded:
      "backward() was called on a tensor that requires no gradient: nothing that it was computed from does, "
        + "or it was computed inside noGrad or detached"
    case .graphFreed(let operation):
      "backward() went through the graph (at \(operation)) a second time, after the first had freed it; "
        + "pass retainGraph: true the first time to go through it again"
    case .changedInPlace(let operation):
      "a tensor that \(operation) needs for its gradient was changed in place after the forward pass used it"
    case .leafChangedInPlace:
      "a leaf that requires gradients is being changed in place while operations on it are recorded; "
        + "do it inside noGrad { … } or through detached()"
    case .resultChangedInPlace(let operation):
      "the result of a recorded operation (\(operation)) is being changed in place; "
        + "do it inside noGrad { … }, or compute a new tensor"
    case .trackedOperandInPlace:
      "a tensor is being changed in place by one that requires gradients, which would get none; "
        + "compute a new tensor, as in s = s + x, or take x.detached() if its gradient is not wanted"
    case .copyChangedInPlace:
      "a copy of a part of a tensor, or of its elements in another order, is being changed in place, which would leave "
        + "the tensor as it is; assign to the part, as in t[0..., 0] = value, or change cloned() of the copy"
    case .unused(let index):
      "the result does not depend on tensor \(index) of those that gradients were asked for"
    case .recomputedOtherwise(let found, let expected):
      "the body of recomputed { … } gave \(found) in the backward pass, expected \(expected) as in the forward pass; "
        + "what it computes must not depend on what changes in between"
    }
  }
}
