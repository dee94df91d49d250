extension Tensor {
  /// Groups of channels brought to mean 0 and variance 1 for each sample on its own, then scaled and shifted, as
  /// `torch.nn.functional.group_norm` (Wu & He, arXiv:1803.08494):
  ///
  ///     y = (x − mean) / √(variance + ε) · weight + bias
  ///
  /// - Parameters:
  ///   - groups: The number of groups, which divides that of the channels.
  ///   - weight: [C], or `nil` for ones.
  ///   - bias: [C], or `nil` for zeros.
  ///   - epsilon: What is added to the variance.
  /// - Returns: A tensor of this one's shape, [N, C, …].
  public func groupNorm(_ groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) -> Tensor {
    precondition(
      rank >= 2 && groups > 0 && shape[1] % groups == 0,
      "groupNorm of shape \(shape) in \(groups) groups: needs [N, C, …] with channels that they divide")
    for parameter in [weight, bias].compactMap({ $0 }) {
      precondition(
        parameter.shape == [shape[1]] && parameter.dtype == dtype,
        "groupNorm of shape \(shape) in \(dtype) with a parameter of \(parameter.shape) in \(parameter.dtype)")
    }
    requireSameDevice(weight, bias, for: "groupNorm")
    return normalizedRows(
      RowExtents(
        rows: shape[0] * groups, groups: groups, channels: shape[1] / groups, inner: Shape.count(Array(shape[2...]))),
      weight: weight, bias: bias, epsilon: epsilon, name: "NativeGroupNormBackward0")
  }

  /// Every channel of every sample brought to mean 0 and variance 1 on its own, then scaled and shifted, as
  /// `torch.nn.functional.instance_norm` without running statistics (D. Ulyanov et al., arXiv:1607.08022).
  ///
  /// - Parameters:
  ///   - weight: [C], or `nil` for ones.
  ///   - bias: [C], or `nil` for zeros.
  ///   - epsilon: What is added to the variance.
  /// - Returns: A tensor of this one's shape, [N, C, …] with more than one element for each channel.
  public func instanceNorm(weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5) -> Tensor {
    precondition(
      rank >= 3 && shape[1] > 0 && Shape.count(Array(shape[2...])) != 1,
      "instanceNorm of shape \(shape): needs [N, C, …] with more than one element for each channel")
    return groupNorm(shape[1], weight: weight, bias: bias, epsilon: epsilon)
  }

  /// Rows divided by their root mean square, then scaled, as `torch.nn.functional.rms_norm` (Zhang & Sennrich,
  /// arXiv:1910.07467):
  ///
  ///     y = x / √(mean(x²) + ε) · weight
  ///
  /// - Parameters:
  ///   - normalizedShape: The last dimensions, which make up a row.
  ///   - weight: Of that shape, or `nil` for ones.
  ///   - epsilon: What is added to the mean square; if left out, the distance from 1 to the next number of the type.
  public func rmsNorm(_ normalizedShape: [Int], weight: Tensor? = nil, epsilon: Double? = nil) -> Tensor {
    precondition(
      !normalizedShape.isEmpty && Array(shape.suffix(normalizedShape.count)) == normalizedShape,
      "rmsNorm over \(normalizedShape) of shape \(shape): they must be its last dimensions")
    precondition(
      weight.map { $0.shape == normalizedShape && $0.dtype == dtype } ?? true,
      "rmsNorm over \(normalizedShape) in \(dtype) with a weight of \(weight?.shape ?? []) in \(weight?.dtype ?? dtype)"
    )
    let columns = Array((rank - normalizedShape.count)..<rank)
    let epsilon = epsilon ?? (dtype == .float64 ? Double.ulpOfOne : Double(Float.ulpOfOne))
    let y = self * (pow(2).mean(columns, keepingDimensions: true) + epsilon).rsqrt()
    return weight.map { y * $0 } ?? y
  }
}
