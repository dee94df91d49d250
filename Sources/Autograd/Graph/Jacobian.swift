/// The Jacobian matrix of a function of several tensors, as `torch.autograd.functional.jacobian`.
///
/// - Parameters:
///   - function: The function; it is called once.
///   - inputs: Where the derivatives are taken.
/// - Returns: For each input a tensor of the result's shape followed by the input's: the derivative of each element of
///   the result with respect to each of the input; 0 where the result does not depend on it.
public func jacobian(of function: ([Tensor]) throws -> Tensor, at inputs: [Tensor]) throws -> [Tensor] {
  let inputs = inputs.map { $0.differentiableCopy() }
  let result = try enableGrad { try function(inputs) }
  let jacobians = inputs.map { Tensor.zeros(result.shape + $0.shape, dtype: $0.dtype, device: $0.device) }
  guard result.requiresGrad else { return jacobians }
  for row in 0..<result.count {
    let direction = Tensor.zerosLike(result)
    direction.backend.fill(direction.part(at: row, shape: []), with: 1)
    let gradients = try gradientsIfUsed(
      of: result, withRespectTo: inputs, gradient: direction, retainGraph: row + 1 < result.count)
    for case (let jacobian, let gradient?) in zip(jacobians, gradients) {
      jacobian.backend.convert(gradient, into: jacobian.part(at: row * gradient.count, shape: gradient.shape))
    }
  }
  return jacobians
}

/// The Jacobian matrix of a function of one tensor, of the result's shape followed by the input's.
public func jacobian(of function: (Tensor) throws -> Tensor, at input: Tensor) throws -> Tensor {
  try jacobian(of: { try function($0[0]) }, at: [input])[0]
}

/// The matrix of second derivatives of a function with one element, of the input's shape twice, as
/// `torch.autograd.functional.hessian`.
public func hessian(of function: (Tensor) throws -> Tensor, at input: Tensor) throws -> Tensor {
  try jacobian(
    of: { x in
      let result = try function(x)
      guard result.requiresGrad else { return .zerosLike(x) }
      return try gradientsIfUsed(of: result, withRespectTo: [x], createGraph: true)[0] ?? x * 0
    }, at: input)
}

extension Tensor {
  /// A leaf with a copy of the elements that requires gradients.
  func differentiableCopy() -> Tensor {
    let copy = detached().ownedCopy()
    copy.requiresGrad = true
    return copy
  }
}
