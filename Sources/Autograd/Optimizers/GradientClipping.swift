/// The Euclidean norm of the gradients of all `parameters` together, in double precision.
public func gradientNorm(_ parameters: [Tensor]) -> Double {
  // A GPU is asked for all sums before anybody waits for one.
  let squares = parameters.compactMap { $0.grad?.sumOfSquares() }
  return squares.reduce(0) { $0 + $1.item() }.squareRoot()
}

/// Scales the gradients of `parameters` so that their norm together is at most `limit`, as
/// `torch.nn.utils.clip_grad_norm_`.
///
/// - Returns: The norm before.
@discardableResult
public func clipGradientNorm(_ parameters: [Tensor], to limit: Double) -> Double {
  let norm = gradientNorm(parameters)
  let factor = clippingFactor(norm: norm, limit: limit)
  guard factor != 1 else { return norm }
  for case let gradient? in parameters.map(\.grad) {
    gradient.storage.version &+= 1
    gradient.backend.binary(.multiply, gradient, gradient.scalar(factor), into: gradient)
  }
  return norm
}

/// Moves every element of the gradients of `parameters` that is outside of −`limit`...`limit` to the nearest of these, as
/// `torch.nn.utils.clip_grad_value_`.
///
/// - Parameter limit: At least 0; anything else traps.
public func clipGradientValues(_ parameters: [Tensor], to limit: Double) {
  precondition(limit >= 0, "clipGradientValues to a limit of \(limit), expected at least 0")
  for case let gradient? in parameters.map(\.grad) {
    gradient.storage.version &+= 1
    gradient.backend.binary(.minimum, gradient, gradient.scalar(limit), into: gradient)
    gradient.backend.binary(.maximum, gradient, gradient.scalar(-limit), into: gradient)
  }
}

/// What gradients of a norm are multiplied by to have at most the norm `limit`; NaN if the norm is.
package func clippingFactor(norm: Double, limit: Double) -> Double {
  let factor = limit / (norm + 1e-6)
  return factor >= 1 ? 1 : factor
}

extension Tensor {
  /// The sum of the squares of all elements, one float64 element on the same device.
  package func sumOfSquares() -> Tensor {
    let result = Tensor(uninitialized: [1], dtype: .float64, device: device)
    backend.sumOfSquares(detached(), into: result)
    return result
  }
}
