/// The Kullback–Leibler divergence of a distribution from a target, y · (log y − x) element by element with 0 for y = 0, as
/// `torch.nn.functional.kl_div`.
///
/// - Parameters:
///   - logProbabilities: x, any shape.
///   - targets: y of the same shape, probabilities; their logarithms with `logTargets`.
///   - logTargets: Whether `targets` are logarithms.
/// - Returns: A scalar, or the shape of `logProbabilities` for reduction `none`. A mean is over all elements, as PyTorch's; the
///   sum divided by the number of rows is what `reduction="batchmean"` gives.
public func klDivergence(
  _ logProbabilities: Tensor, _ targets: Tensor, reduction: LossReduction = .mean, logTargets: Bool = false
) -> Tensor {
  precondition(
    logProbabilities.shape == targets.shape,
    "klDivergence: log-probabilities \(logProbabilities.shape) and targets \(targets.shape) have different shapes")
  // The product with 0 is 0 whatever finite number the logarithm is.
  let (probabilities, logarithms) =
    logTargets ? (targets.exp(), targets) : (targets, targets.clamped(min: 0x1p-126).log())
  let losses = probabilities * (logarithms - logProbabilities)
  return losses.reduced(reduction, as: reduction == .mean ? "MeanBackward0" : "SumBackward0")
}
