/// The absolute difference of `prediction` and `target`, as `torch.nn.functional.l1_loss`.
///
/// - Parameters:
///   - prediction: Any shape.
///   - target: The same shape.
/// - Returns: A scalar, or the shape of `prediction` for reduction `none`.
public func l1Loss(_ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  let distance = difference(prediction, target, of: "l1Loss").abs()
  return distance.reduced(reduction, as: reduction == .mean ? "MeanBackward0" : "SumBackward0")
}

/// Half the squared difference divided by `beta` where the difference is smaller than `beta`, and the absolute
/// difference − `beta` / 2 elsewhere, as `torch.nn.functional.smooth_l1_loss`.
///
/// - Parameters:
///   - prediction: Any shape.
///   - target: The same shape.
///   - beta: Where the two parts meet; 0, and what is below the normal numbers of the type, gives ``l1Loss(_:_:reduction:)``.
/// - Returns: A scalar, or the shape of `prediction` for reduction `none`.
public func smoothL1Loss(
  _ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean, beta: Double = 1
) -> Tensor {
  precondition(beta >= 0, "smoothL1Loss with beta \(beta), which must not be negative")
  let leastNormal = prediction.dtype == .float32 ? Double(Float.leastNormalMagnitude) : .leastNormalMagnitude
  guard beta >= leastNormal else { return l1Loss(prediction, target, reduction: reduction) }
  let difference = difference(prediction, target, of: "smoothL1Loss")
  difference.requireFloatingPoint(for: "smoothL1Loss")
  return difference.parabolas(upTo: beta, slope: 1, reduction, as: "SmoothL1LossBackward0")
}

/// Half the squared difference where the difference is smaller than `delta`, and `delta` · (the absolute difference −
/// `delta` / 2) elsewhere, as `torch.nn.functional.huber_loss`.
///
/// - Parameters:
///   - prediction: Any shape.
///   - target: The same shape.
///   - delta: Where the two parts meet, above 0.
/// - Returns: A scalar, or the shape of `prediction` for reduction `none`.
public func huberLoss(
  _ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean, delta: Double = 1
) -> Tensor {
  precondition(delta > 0 && delta.isFinite, "huberLoss with delta \(delta), which must be positive and finite")
  let difference = difference(prediction, target, of: "huberLoss")
  difference.requireFloatingPoint(for: "huberLoss")
  // From the type's least number above 0 to one from which on losses are infinite: beyond, a bend changes nothing.
  let bends = difference.dtype == .float32 ? 0x1p-149...0x1p65 : 0x1p-1074...0x1p513
  let slope = min(delta, bends.upperBound)
  return difference.parabolas(upTo: max(slope, bends.lowerBound), slope: slope, reduction, as: "HuberLossBackward0")
}

private func difference(_ prediction: Tensor, _ target: Tensor, of operation: StaticString) -> Tensor {
  precondition(
    prediction.shape == target.shape,
    "\(operation): prediction \(prediction.shape) and target \(target.shape) have different shapes")
  // Losses are differences of float32, wherever the elements come from.
  for x in [prediction, target] { x.storage.makePlain() }
  return prediction - target
}

extension Tensor {
  /// Parabolas with their lowest point at 0, which from a distance of `bend` on go on as straight lines of the given slope;
  /// reduced as asked for.
  fileprivate func parabolas(
    upTo bend: Double, slope: Double, _ reduction: LossReduction, as name: StaticString
  ) -> Tensor {
    func times(_ factor: Double, _ x: Tensor) -> Tensor { factor == 1 ? x : x * factor }
    let x = detached()
    let losses = times(slope, x.combined(.smoothAbsolute, x.scalar(bend)))
    let result = losses.reduced(reduction, as: name)
      .recorded(as: name, from: [self], saving: [self]) { gradient, inputs in
        let share = reduction == .mean ? gradient / Double(self.count) : gradient
        inputs.add(0, share * times(slope / bend, self.clamped(min: -bend, max: bend)))
      }
    result.isMean = reduction == .mean
    return result
  }
}
