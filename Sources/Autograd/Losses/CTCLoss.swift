/// The negative log-probability of sequences of labels of which nobody knows when each was made, as
/// `torch.nn.functional.ctc_loss` (A. Graves et al., "Connectionist Temporal Classification", ICML 2006): over all ways to
/// repeat labels and to put blanks between them, as there must be one between two that are the same.
///
/// The gradient is the negative expected number of times that a class is made at a time (formula 16 there, for
/// logarithms). What PyTorch gives the log-probabilities themselves differs by their own softmax; behind `logSoftmax` both
/// are the same.
///
/// - Parameters:
///   - logProbabilities: [T, N, C], as `logSoftmax(2)` gives.
///   - targets: `int64` labels [N, S], each a class but the blank; what follows after a row's length is not looked at.
///   - inputLengths: For each of N how many of the T times there are, 1 to T.
///   - targetLengths: For each of N how many labels there are, 0 to S.
///   - blank: The class of no label.
///   - reduction: A mean is of the losses divided by their number of labels, or by 1 where there are none.
///   - zeroInfinity: Whether the loss of a sequence that is too short for its labels is 0 and has no gradient; it is infinite
///     otherwise, and its gradient has infinite numbers.
/// - Returns: A scalar, or [N] for reduction `none`.
public func ctcLoss(
  _ logProbabilities: Tensor, _ targets: Tensor, inputLengths: [Int], targetLengths: [Int], blank: Int = 0,
  reduction: LossReduction = .mean, zeroInfinity: Bool = false
) -> Tensor {
  let x = logProbabilities
  precondition(
    x.rank == 3 && x.dtype.isFloatingPoint && targets.rank == 2 && targets.shape[0] == x.shape[1]
      && targets.dtype == .int64,
    "ctcLoss needs log-probabilities [T, N, C] and int64 targets [N, S], "
      + "not \(x.shape) of \(x.dtype) and \(targets.shape) of \(targets.dtype)")
  let (times, count, classes) = (x.shape[0], x.shape[1], x.shape[2])
  precondition(times > 0, "ctcLoss of log-probabilities \(x.shape): at no time")
  precondition((0..<classes).contains(blank), "ctcLoss: the blank \(blank) is none of \(classes) classes")
  for (name, lengths, range) in [
    ("input", inputLengths, 1...times), ("target", targetLengths, 0...targets.shape[1]),
  ] {
    precondition(
      lengths.count == count && lengths.allSatisfy(range.contains),
      "ctcLoss: \(name) lengths \(lengths), expected \(count) from \(range.lowerBound) to \(range.upperBound)")
  }
  let alignments = CTCAlignments(
    targets, inputLengths: inputLengths, targetLengths: targetLengths, blank: blank, of: x)
  let divisors = Tensor(targetLengths.map { Double(max($0, 1)) }, dtype: x.dtype).to(x.device)
  let losses = alignments.recordedLosses(x)
  let kept = zeroInfinity ? losses.filled(with: 0, where: losses.isInfinite()) : losses
  return (reduction == .mean ? kept / divisors : kept).reduced(reduction, as: "MeanBackward0")
}

extension CTCAlignments {
  /// The losses as one operation, whose gradient keeps nothing of its steps unless it is to be differentiated again.
  fileprivate func recordedLosses(_ x: Tensor) -> Tensor {
    let forward = forward(scores(x.detached()))
    let losses = losses(forward)
    return losses.cloned().recorded(as: "CtcLossBackward0", from: [x], saving: [x]) { gradient, inputs in
      let scores = self.scores(isGradEnabled ? x : x.detached())
      let forward = isGradEnabled ? self.forward(scores) : forward
      let losses = isGradEnabled ? self.losses(forward) : losses
      let visits = self.visits(forward, self.backward(scores), losses, like: x)
      // What is infinite and not wanted is left out, and not multiplied by 0.
      let wanted = gradient.reshaped([1, gradient.count, 1])
      inputs.add(0, (-visits * wanted).filled(with: 0, where: wanted .== 0))
    }
  }
}
