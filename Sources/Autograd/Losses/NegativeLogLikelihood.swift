/// The negative log-probability of the target class, as `torch.nn.functional.nll_loss`.
///
/// - Parameters:
///   - logProbabilities: [N, C, …]: of samples, or of each place of a sequence or an image.
///   - targets: [N, …], `int64`, each from 0 to C − 1 or `ignoredTarget`; anything else traps.
///   - weight: [C], what the losses of each class are multiplied by; the mean is then the weighted one.
///   - ignoredTarget: Samples with this target count for nothing.
/// - Returns: A scalar, or [N, …] for reduction `none`.
public func negativeLogLikelihood(
  _ logProbabilities: Tensor, _ targets: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean,
  ignoringTarget ignoredTarget: Int = -100
) -> Tensor {
  guard logProbabilities.rank <= 2 else {
    precondition(
      [logProbabilities.shape[0]] + logProbabilities.shape[2...] == targets.shape,
      "negativeLogLikelihood of \(logProbabilities.shape) with targets \(targets.shape): needs [N, C, …] and [N, …]")
    let losses = negativeLogLikelihood(
      logProbabilities.permuted([0] + (2..<logProbabilities.rank) + [1]).flattened(through: -2), targets.flattened(),
      weight: weight, reduction: reduction, ignoringTarget: ignoredTarget)
    return reduction == .none ? losses.reshaped(targets.shape) : losses
  }
  let classes = ClassTargets(
    targets, for: logProbabilities, weight: weight, ignoring: ignoredTarget, operation: "negativeLogLikelihood")
  return classes.reduced(classes.losses(logProbabilities), reduction)
}

/// Class labels of the rows of a matrix [N, C], and how much each row counts.
struct ClassTargets {
  /// The labels, with class 0 in place of those that are ignored.
  private let labels: Tensor
  private let isIgnored: Tensor
  /// [N]: the class's weight, 0 for rows that are ignored.
  private let rowWeights: Tensor

  init(_ targets: Tensor, for scores: Tensor, weight: Tensor?, ignoring ignoredTarget: Int, operation: StaticString) {
    checkTargets(targets, scores, ignoredTarget: ignoredTarget, operation)
    precondition(
      weight.map { $0.shape == [scores.shape[1]] } ?? true,
      "\(operation): weight \(weight?.shape ?? []) for \(scores.shape[1]) classes")
    requireNoGradient(of: weight, operation)
    isIgnored = targets .== Tensor(ignoredTarget)
    labels = targets.filled(with: 0, where: isIgnored)
    let used = (!isIgnored).cast(to: scores.dtype)
    guard let weight else {
      rowWeights = used
      return
    }
    rowWeights = weight.detached().cast(to: scores.dtype).selected(labels, along: 0) * used
  }

  /// −log p of every row's class, times the row's weight.
  func losses(_ logProbabilities: Tensor) -> Tensor {
    let chosen = logProbabilities.gathered(labels.unsqueezed(1), along: 1).squeezed(1)
    return masked(-chosen) * rowWeights
  }

  /// `rows` with 0 in place of those that are ignored.
  func masked(_ rows: Tensor) -> Tensor { rows.filled(with: 0, where: isIgnored) }

  func reduced(_ losses: Tensor, _ reduction: LossReduction) -> Tensor {
    losses.reduced(reduction, over: rowWeights.sum(), as: "NllLossBackward0")
  }
}

/// Traps unless `targets` are a class, or `ignoredTarget`, for every row of `scores`; no rows need no class. Those on another
/// device than the CPU are checked where they are used.
func checkTargets(_ targets: Tensor, _ scores: Tensor, ignoredTarget: Int, _ operation: StaticString) {
  precondition(
    scores.rank >= 2 && (scores.shape[1] > 0 || targets.count == 0)
      && targets.shape == [scores.shape[0]] + scores.shape[2...]
      && targets.dtype == .int64,
    "\(operation) needs scores [N, C, …] of at least one class and int64 targets [N, …], not \(scores.shape) and \(targets.shape) of \(targets.dtype)"
  )
  scores.requireSameDevice(targets, for: operation)
  guard targets.device == .cpu else { return }
  let classes = scores.shape[1]
  targets.withElements(of: Int64.self) { elements in
    for (row, target) in elements.enumerated() where target != ignoredTarget {
      precondition(
        target >= 0 && target < classes, "\(operation): target \(target) of row \(row) is none of \(classes) classes")
    }
  }
}

/// Stops the program where gradients are wanted of the weight of a loss, which has none.
func requireNoGradient(of weight: Tensor?, _ operation: StaticString) {
  precondition(
    !(isGradEnabled && weight?.requiresGrad == true),
    "\(operation): a weight that requires gradients gets none; give weight.detached()")
}
