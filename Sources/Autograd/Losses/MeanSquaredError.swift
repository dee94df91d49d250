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
  return (prediction - target).pow(2).reduced(reduction)
}

extension Tensor {
  /// The losses of single elements reduced as asked for.
  func reduced(_ reduction: LossReduction) -> Tensor {
    switch reduction {
    case .none: self
    case .sum: sum()
    case .mean: mean()
    }
  }
}
