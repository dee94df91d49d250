/// How the losses of the samples of a batch become the result.
public enum LossReduction: Sendable {
  /// One loss a sample.
  case none
  /// Their sum.
  case sum
  /// Their mean; for losses of class labels over those not ignored.
  case mean
}

extension Tensor {
  /// The losses of single elements reduced as asked for, by an operation that has the loss's name.
  ///
  /// - Parameter number: What the sum is divided by for a mean; the number of elements if left out.
  func reduced(_ reduction: LossReduction, over number: Double? = nil, as name: StaticString) -> Tensor {
    let original = shape
    let divisor = reduction == .mean ? number ?? Double(count) : 1
    guard reduction != .none else { return self }
    let sum = detached().sum()
    return sum.combined(.divide, sum.scalar(divisor)).recorded(as: name, from: [self]) { gradient, inputs in
      inputs.add(0, (divisor == 1 ? gradient : gradient / divisor).expanded(to: original))
    }
  }
}
