/// The cross entropy of probabilities with respect to targets, as `torch.nn.functional.binary_cross_entropy`:
///
///     loss = −(t · log p + (1 − t) · log(1 − p))
///
/// Logarithms below −100 count as −100, so that the loss is finite also at 0 and 1.
///
/// - Parameters:
///   - probabilities: Any shape; an element outside 0...1 traps.
///   - targets: The same shape, elements from 0 to 1.
/// - Returns: A scalar, or the shape of `probabilities` for reduction `none`.
public func binaryCrossEntropy(
  _ probabilities: Tensor, _ targets: Tensor, reduction: LossReduction = .mean
) -> Tensor {
  precondition(
    probabilities.shape == targets.shape,
    "binaryCrossEntropy: probabilities \(probabilities.shape) and targets \(targets.shape) have different shapes")
  checkProbabilities(probabilities)
  let (p, t) = Tensor.promoted(probabilities, targets)
  func boundedLogarithms(_ p: Tensor) -> (ofP: Tensor, ofRest: Tensor) {
    (p.log().clamped(min: -100), (-p).log1p().clamped(min: -100))
  }
  let (logP, logRest) = boundedLogarithms(p.detached())
  let losses = (t.detached() - 1) * logRest - t.detached() * logP
  return losses.recorded(as: "BinaryCrossEntropyBackward0", from: [p, t], saving: [p, t]) { gradient, inputs in
    inputs.add(0, gradient * (p - t) / ((1 - p) * p).clamped(min: 1e-12))
    inputs.add(1, gradient * ((-p).log1p() - p.log()))
  }.reduced(reduction, as: "BinaryCrossEntropyBackward0")
}

/// ``binaryCrossEntropy(_:_:reduction:)`` of the sigmoid of logits, without its loss of precision, as
/// `torch.nn.functional.binary_cross_entropy_with_logits`.
///
/// - Parameters:
///   - logits: Any shape.
///   - targets: The same shape, elements from 0 to 1.
///   - positiveWeight: What the term of t is multiplied by, broadcast to the shape of `logits`; 1 if left out.
/// - Returns: A scalar, or the shape of `logits` for reduction `none`.
public func binaryCrossEntropyWithLogits(
  _ logits: Tensor, _ targets: Tensor, reduction: LossReduction = .mean, positiveWeight: Tensor? = nil
) -> Tensor {
  precondition(
    logits.shape == targets.shape,
    "binaryCrossEntropyWithLogits: logits \(logits.shape) and targets \(targets.shape) have different shapes")
  let (x, t) = Tensor.promoted(logits, targets)
  requireNoGradient(of: positiveWeight, "binaryCrossEntropyWithLogits")
  let weight = positiveWeight?.detached().expanded(to: x.shape).cast(to: x.dtype)
  // Times w · t + 1 − t, which is 1 for the weight 1.
  func weighted(_ values: Tensor, _ t: Tensor) -> Tensor { weight.map { (t * $0 + (1 - t)) * values } ?? values }
  let target = t.detached()
  let losses = (1 - target) * x.detached() - weighted(x.detached().logSigmoid(), target)
  return losses.recorded(
    as: "BinaryCrossEntropyWithLogitsBackward0", from: [x, t], saving: ShortList([x, t] + (weight.map { [$0] } ?? []))
  ) { gradient, inputs in
    inputs.add(0, gradient * (weighted(x.sigmoid(), t) - (weight.map { t * $0 } ?? t)))
    // −w · log σ(x) + log σ(−x), which is −x for the weight 1.
    inputs.add(1, gradient * (weight.map { (-x).logSigmoid() - $0 * x.logSigmoid() } ?? -x))
  }.reduced(reduction, as: "BinaryCrossEntropyWithLogitsBackward0")
}

private func checkProbabilities(_ probabilities: Tensor) {
  // On another device they would have to be waited for; there the loss of what is no probability is NaN.
  guard probabilities.device == .cpu else { return }
  func check<T: TensorElement & BinaryFloatingPoint>(_: T.Type) {
    probabilities.withElements(of: T.self) { elements in
      for value in elements {
        precondition(value >= 0 && value <= 1, "binaryCrossEntropy: \(value) is no probability: it is outside 0...1")
      }
    }
  }
  switch probabilities.dtype {
  case .float32: check(Float.self)
  case .float64: check(Double.self)
  default: unsupported("binaryCrossEntropy", probabilities.dtype)
  }
}
