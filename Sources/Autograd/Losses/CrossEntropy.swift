/// The cross entropy of the softmax of `logits` with respect to class labels, as `torch.nn.functional.cross_entropy`.
///
///     loss = −(1 − ε) · log softmax(logits)[target] − ε / C · Σ log softmax(logits)
///
/// - Parameters:
///   - logits: [N, C, …], unnormalized: of samples, or of each place of a sequence or an image.
///   - targets: [N, …], `int64`, each from 0 to C − 1 or `ignoredTarget`; anything else traps. Or the probability of every
///     class, in the shape and type of the logits.
///   - weight: [C], what the losses of each class are multiplied by; for class labels the mean is then the weighted one.
///   - ignoredTarget: Samples with this target count for nothing; of classes only.
///   - labelSmoothing: ε, from 0 to 1.
/// - Returns: A scalar, or [N, …] for reduction `none`.
public func crossEntropy(
  _ logits: Tensor, _ targets: Tensor, weight: Tensor? = nil, reduction: LossReduction = .mean,
  ignoringTarget ignoredTarget: Int = -100, labelSmoothing: Double = 0
) -> Tensor {
  precondition((0...1).contains(labelSmoothing), "crossEntropy with label smoothing \(labelSmoothing), not in 0...1")
  guard !targets.dtype.isFloatingPoint else {
    precondition(ignoredTarget == -100, "crossEntropy ignores no target where targets are probabilities")
    return crossEntropy(logits, probabilities: targets, weight: weight, reduction: reduction, labelSmoothing)
  }
  /// The same of logits that are rows.
  func ofRows() -> Tensor {
    let losses = crossEntropy(
      logits.permuted([0] + (2..<logits.rank) + [1]).flattened(through: -2), targets.flattened(), weight: weight,
      reduction: reduction, ignoringTarget: ignoredTarget, labelSmoothing: labelSmoothing)
    return reduction == .none ? losses.reshaped(targets.shape) : losses
  }
  precondition(
    logits.rank <= 2 || [logits.shape[0]] + logits.shape[2...] == targets.shape,
    "crossEntropy of logits \(logits.shape) with targets \(targets.shape): needs [N, C, …] and [N, …]")
  if let weight {
    guard logits.rank <= 2 else { return ofRows() }
    let classes = ClassTargets(
      targets, for: logits, weight: weight, ignoring: ignoredTarget, operation: "crossEntropy")
    let logProbabilities = logits.logSoftmax(1)
    let everywhere = classes.masked(-(logProbabilities * weight.cast(to: logits.dtype)).mean([1]))
    let losses = (1 - labelSmoothing) * classes.losses(logProbabilities)
    return classes.reduced(labelSmoothing == 0 ? losses : losses + labelSmoothing * everywhere, reduction)
  }
  checkTargets(targets, logits, ignoredTarget: ignoredTarget, "crossEntropy")
  let options = CrossEntropyOptions(smoothing: labelSmoothing, ignoredTarget: ignoredTarget)
  let losses = Tensor(uninitialized: targets.shape, dtype: logits.dtype, device: logits.device)
  let normalizers = Tensor(uninitialized: targets.shape + [2], dtype: logits.dtype, device: logits.device)
  guard logits.backend.crossEntropy(logits, targets, options, losses: losses, normalizers: normalizers) else {
    return ofRows()
  }
  let divisor = reduction == .mean ? usedCount(targets, ignoredTarget, for: losses) : nil
  let sum = reduction == .none ? losses : losses.sum()
  let result = divisor.map { sum.combined(.divide, $0) } ?? sum
  result.isMean = reduction == .mean
  return result.recorded(as: "NllLossBackward0", from: [logits], saving: [logits, targets]) { gradient, inputs in
    inputs.add(0, lossGradient(divisor.map { gradient / $0 } ?? gradient, logits, targets, normalizers, options))
  }
}

/// The cross entropy with respect to the probabilities of classes.
private func crossEntropy(
  _ logits: Tensor, probabilities: Tensor, weight: Tensor?, reduction: LossReduction, _ smoothing: Double
) -> Tensor {
  precondition(
    logits.rank >= 2 && logits.shape == probabilities.shape && logits.dtype == probabilities.dtype,
    "crossEntropy of logits \(logits.shape) in \(logits.dtype) with probabilities \(probabilities.shape) in "
      + "\(probabilities.dtype): both must be [N, C, …] of one type")
  let classes = logits.shape[1]
  precondition(
    weight.map { $0.shape == [classes] } ?? true, "crossEntropy: weight \(weight?.shape ?? []) for \(classes) classes")
  var targets = probabilities
  if smoothing > 0 { targets = targets * (1 - smoothing) + smoothing / Double(classes) }
  if let weight {
    targets = targets * weight.cast(to: logits.dtype).reshaped([classes] + logits.shape[2...].map { _ in 1 })
  }
  let losses = -(targets * logits.logSoftmax(1)).sum([1])
  return losses.reduced(reduction, as: "NllLossBackward0")
}

/// The number of targets that are not ignored, in the type of `losses` and without waiting for another device.
private func usedCount(_ targets: Tensor, _ ignoredTarget: Int, for losses: Tensor) -> Tensor {
  guard targets.device == .cpu else { return (targets .!= Tensor(ignoredTarget)).sum().cast(to: losses.dtype) }
  return losses.scalar(targets.withElements(of: Int64.self) { Double($0.count { $0 != ignoredTarget }) })
}

/// The gradient with respect to the logits; `gradient` is that of each row's loss, or of all of them if a scalar.
private func lossGradient(
  _ gradient: Tensor, _ logits: Tensor, _ targets: Tensor, _ normalizers: Tensor, _ options: CrossEntropyOptions
) -> Tensor {
  let result = Tensor(uninitialized: logits.shape, dtype: logits.dtype, device: logits.device)
  result.backend.crossEntropyGradient(gradient, logits, targets, normalizers: normalizers, options, into: result)
  return result.recorded(
    as: "NllLossBackwardBackward0", from: [gradient, logits], saving: [gradient, logits, targets]
  ) { upstream, inputs in
    // The result is g · (softmax(x) − y), and g · softmax(x) where it depends on x; ignored rows have neither.
    let probabilities = logits.softmax(1)
    let ofLosses = gradient.rank == 0 ? gradient : gradient.unsqueezed(1)
    let slope = lossGradient(Tensor.onesLike(gradient), logits, targets, normalizers, options)
    inputs.add(0, (upstream * slope).sum(gradient.rank == 0 ? nil : [1]))
    let used = (targets .!= Tensor(options.ignoredTarget)).cast(to: logits.dtype).unsqueezed(1)
    let weighted = upstream * probabilities
    inputs.add(1, ofLosses * used * (weighted - probabilities * weighted.sum([1], keepingDimensions: true)))
  }
}
