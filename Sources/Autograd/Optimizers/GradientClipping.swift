/// The Euclidean norm of the gradients of all `parameters` together, in double precision.
public func gradientNorm(_ parameters: [Tensor]) -> Double {
  parameters.reduce(0) { sum, parameter in
    switch parameter.grad?.dtype {
    case .float32: sum + (parameter.grad?.sumOfSquares(Float.self) ?? 0)
    case .float64: sum + (parameter.grad?.sumOfSquares(Double.self) ?? 0)
    default: sum
    }
  }.squareRoot()
}

/// Scales the gradients of `parameters` so that their norm together is at most `limit`, as
/// `torch.nn.utils.clip_grad_norm_`.
///
/// - Returns: The norm before.
@discardableResult
public func clipGradientNorm(_ parameters: [Tensor], to limit: Double) -> Double {
  let norm = gradientNorm(parameters)
  let factor = limit / (norm + 1e-6)
  guard !(factor >= 1) else { return norm }
  for case let gradient? in parameters.map(\.grad) {
    gradient.storage.version &+= 1
    gradient.backend.binary(.multiply, gradient, gradient.scalar(factor), into: gradient)
  }
  return norm
}

extension Tensor {
  fileprivate func sumOfSquares<Scalar: UpdateScalar>(_ type: Scalar.Type) -> Double {
    withElements(of: type) { $0.reduce(0) { $0 + Double($1) * Double($1) } }
  }
}
