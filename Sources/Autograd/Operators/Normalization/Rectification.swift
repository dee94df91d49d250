/// A ReLU in the same pass as the batch normalization before it: of its result, or of the sum with a residual.
struct Rectification {
  /// Of the shape of the normalization's result, or `nil` where nothing is added to that.
  let residual: Tensor?

  /// The gradient of what the ReLU took, from that of its output.
  func gradient(_ gradient: Tensor, _ output: Tensor) -> Tensor {
    isGradEnabled
      ? LinearActivation.relu.composedGradient(gradient, output) : gradient.combined(.reluGradient, output)
  }
}

extension Rectification? {
  /// The gradient functions that are seen from outside.
  func name(after first: StaticString) -> Node.Name {
    guard let self else { return .operation(first) }
    return self.residual == nil ? .fused("ReluBackward0", after: first) : .fusedSum("ReluBackward0", of: first)
  }
}

/// What the gradient of a rectified normalization needs besides that of a plain one.
enum RectifiedNormalization {
  /// The ReLU took the result, whose sign is found again from what the forward pass computed it from.
  case result(bias: Tensor?)
  /// The ReLU took the sum with a residual and gave `output`; the residual's gradient is to be written too.
  case sum(output: Tensor, residualGradient: Tensor)
}
