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
  func reduced(_ reduction: LossReduction, over number: Tensor? = nil, as name: StaticString) -> Tensor {
    guard reduction != .none else { return self }
    let original = shape
    let divisor = reduction == .mean ? number ?? scalar(Double(count)) : nil
    let sum = detached().sum()
    let result = (divisor.map { sum.combined(.divide, $0) } ?? sum).recorded(as: name, from: [self]) {
      gradient, inputs in
      inputs.add(0, (divisor.map { gradient / $0 } ?? gradient).expanded(to: original))
    }
    result.isMean = reduction == .mean
    return result
  }
}
