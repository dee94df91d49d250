/// A function whose gradient you give yourself, as `torch.autograd.Function`.
///
/// The forward function computes without recording, and the graph sees one operation:
///
///     /// x³
///     struct Cube: DifferentiableFunction {
///       func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor {
///         context.save(inputs[0])
///         return inputs[0] ** 3
///       }
///
///       func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?] {
///         [gradient * 3 * (context.saved[0] ** 2)]
///       }
///     }
///
///     let y = Cube()(x)
///
/// When `backward` uses operations on tensors that were inputs or the output, derivatives of any order follow from it.
public protocol DifferentiableFunction {
  /// Computes the result, and saves in `context` what the gradient will need.
  func forward(_ inputs: [Tensor], saving context: FunctionContext) -> Tensor

  /// Computes the gradient of each input, or `nil` where there is none, from that of the result.
  func backward(_ gradient: Tensor, from context: FunctionContext) -> [Tensor?]
}

/// What a ``DifferentiableFunction`` keeps from the forward to the backward pass.
public final class FunctionContext {
  /// The saved tensors, in the order in which they were saved.
  public fileprivate(set) var saved: [Tensor] = []

  /// Keeps tensors; the backward pass refuses to run when they were changed in place in between.
  public func save(_ tensors: Tensor...) { saved += tensors }
}

extension DifferentiableFunction {
  /// The result for `inputs`, recorded as one operation named after the type.
  public func callAsFunction(_ inputs: Tensor...) -> Tensor { callAsFunction(inputs) }

  /// The result for `inputs`, recorded as one operation named after the type.
  public func callAsFunction(_ inputs: [Tensor]) -> Tensor {
    let context = FunctionContext()
    let computed = noGrad { forward(inputs, saving: context) }
    // The output must not be one of the inputs, whose place in the graph is another, nor keep itself alive.
    let output = computed.detached()
    let kept = context.saved
    let outputPlaces = Set(kept.indices.filter { kept[$0] === computed && !inputs.contains { $0 === computed } })
    context.saved = kept.enumerated().map { outputPlaces.contains($0) ? output.detached() : $1 }
    return output.recorded(as: .custom(Self.self), from: ShortList(inputs), saving: ShortList(kept)) { gradient, sink in
      let available = FunctionContext()
      available.saved = context.saved.enumerated().map { outputPlaces.contains($0) ? sink.output($1) : $1 }
      let gradients = backward(gradient, from: available)
      precondition(
        gradients.count == inputs.count, "\(Self.self) gave \(gradients.count) gradients for \(inputs.count) inputs")
      for (index, (gradient, input)) in zip(gradients, inputs).enumerated() {
        guard let gradient else { continue }
        precondition(
          gradient.shape == input.shape,
          "\(Self.self) gave a gradient of shape \(gradient.shape) for input \(index) of shape \(input.shape)")
        sink.add(index, gradient.cast(to: input.dtype))
      }
    }
  }
}
