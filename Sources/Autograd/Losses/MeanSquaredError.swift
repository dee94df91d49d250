/// The squared difference of `prediction` and `target`, as `torch.nn.functional.mse_loss`.
///
/// - Parameters:
///   - prediction: Any shape.
///   - target: The same shape.
/// - Returns: A scalar, or the shape of `prediction` for reduction `none`.
public func meanSquaredError(_ prediction: Tensor, _ target: Tensor, reduction: LossReduction = .mean) -> Tensor {
  precondition(
    prediction.shape == target.shape,
    "meanSquaredError: prediction \(prediction.shape) and target \(target.shape) have different shapes")
  let (p, t) = Tensor.promoted(prediction, target)
  // Losses are differences of float32, wherever the elements come from.
  for x in [p, t] { x.storage.makePlain() }
  let difference = p.detached() - t.detached()
  return difference.mapped(.square).recorded(
    as: "MseLossBackward0", from: [p, t], saving: [p, t]
  ) { gradient, inputs in
    let slope = gradient * (2 * (isGradEnabled ? p - t : difference))
    inputs.add(0, slope)
    inputs.add(1, -slope)
  }.reduced(reduction, as: "MseLossBackward0")
}
