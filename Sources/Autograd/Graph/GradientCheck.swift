/// A gradient that differs from what the function's values say.
public struct GradientCheckError: Error, Equatable, CustomStringConvertible {
  /// The place of the input in the list.
  public let input: Int
  /// The element of the input.
  public let element: [Int]
  /// The element of the result.
  public let output: [Int]
  /// The derivative that the backward pass computed.
  public let computed: Double
  /// The derivative by central differences.
  public let expected: Double

  /// Which derivative is the worst, with both values.
  public var description: String {
    "the derivative of element \(output) of the result with respect to element \(element) of input \(input) is "
      + "\(computed) by the backward pass and \(expected) by differences"
  }
}

/// Compares the gradients of a function with central differences of its values, in double precision.
///
/// - Parameters:
///   - function: A smooth function of tensors; what it draws at random must be the same in every call.
///   - inputs: Where to compare. They are converted to `float64`.
///   - step: How far the differences reach.
///   - absoluteTolerance: The largest difference accepted, beside the relative one.
///   - relativeTolerance: The largest difference accepted, as part of the expected derivative.
/// - Throws: ``GradientCheckError`` for the element that is worst, ``AutogradError``, or what `function` throws.
public func checkGradients(
  of function: ([Tensor]) throws -> Tensor, at inputs: [Tensor], step: Double = 1e-6, absoluteTolerance: Double = 1e-7,
  relativeTolerance: Double = 1e-5
) throws {
  let inputs = inputs.map { $0.detached().cast(to: .float64) }
  let jacobians = try jacobian(of: function, at: inputs)
  var worst: (excess: Double, error: GradientCheckError)?
  for (i, (input, jacobian)) in zip(inputs, jacobians).enumerated() {
    let computed = jacobian.array(of: Double.self)
    for element in 0..<input.count {
      func value(_ offset: Double) throws -> Tensor {
        var moved = inputs
        moved[i] = input.ownedCopy()
        moved[i].withMutableElements(of: Double.self) { $0[element] += offset }
        return try noGrad { try function(moved).cast(to: .float64) }
      }
      let (after, before) = (try value(step), try value(-step))
      let differences = zip(after.array(of: Double.self), before.array(of: Double.self)).map { ($0 - $1) / (2 * step) }
      for (output, expected) in differences.enumerated() {
        let found = computed[output * input.count + element]
        let excess = abs(found - expected) - absoluteTolerance - relativeTolerance * abs(expected)
        // Not ≤, so that a NaN is an error too.
        guard !(excess <= 0), excess.isNaN || excess > (worst?.excess ?? 0) else { continue }
        worst = (
          excess.isNaN ? .infinity : excess,
          GradientCheckError(
            input: i, element: Shape.index(of: element, in: input.shape),
            output: Shape.index(of: output, in: after.shape),
            computed: found, expected: expected)
        )
      }
    }
  }
  if let worst { throw worst.error }
}

/// Compares the second derivatives of a function with central differences of its gradients, in double precision.
///
/// The parameters and errors are those of ``checkGradients(of:at:step:absoluteTolerance:relativeTolerance:)``.
public func checkSecondGradients(
  of function: ([Tensor]) throws -> Tensor, at inputs: [Tensor], step: Double = 1e-6, absoluteTolerance: Double = 1e-7,
  relativeTolerance: Double = 1e-5
) throws {
  for index in inputs.indices {
    try checkGradients(
      of: { moved in
        let leaves = moved.map { $0.requiresGrad ? $0 : $0.differentiableCopy() }
        return try enableGrad {
          let result = try function(leaves)
          // Weights that differ, so that errors of several elements do not cancel.
          let weights = (0..<result.count).map { 1 + 0.37 * Double($0 % 7) }
          let direction = Tensor(weights, shape: result.shape).cast(to: result.dtype)
          return try gradientsIfUsed(
            of: result, withRespectTo: [leaves[index]], gradient: direction, createGraph: true)[0] ?? leaves[index] * 0
        }
      }, at: inputs, step: step, absoluteTolerance: absoluteTolerance, relativeTolerance: relativeTolerance)
  }
}
