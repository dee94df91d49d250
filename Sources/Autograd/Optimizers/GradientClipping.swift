/// The Euclidean norm of the gradients of all `parameters` together, in double precision.
public func gradientNorm(_ parameters: [Tensor]) -> Double {
  parameters.reduce(0) { sum, parameter in
    sum + (parameter.grad?.sumOfSquares() ?? 0)
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
  fileprivate func sumOfSquares() -> Double {
    guard device == .cpu else { return detached().cast(to: .float64).mapped(.square).sum().item() }
    func sum<Scalar: BinaryFloatingPoint & TensorElement>(_ type: Scalar.Type) -> Double {
      withElements(of: type) { $0.reduce(0) { $0 + Double($1) * Double($1) } }
    }
    return switch dtype {
    case .float32: sum(Float.self)
    case .float64: sum(Double.self)
    default: unsupported("the norm of a gradient", dtype)
    }
  }
}
