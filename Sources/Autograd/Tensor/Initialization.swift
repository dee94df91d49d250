/// How a parameter is given new initial values; see ``Tensor/initialize(_:generator:)``.
public enum Initialization: Sendable {
  /// The same number everywhere, as `torch.nn.init.constant_`, `zeros_` and `ones_`.
  case constant(Double)
  /// Uniform draws from [low, high), as `torch.nn.init.uniform_`.
  case uniform(low: Double = 0, high: Double = 1)
  /// Normal draws, as `torch.nn.init.normal_`.
  case normal(mean: Double = 0, standardDeviation: Double = 1)
  /// Normal draws of which those outside of low...high are drawn again, as `torch.nn.init.trunc_normal_`.
  case truncatedNormal(mean: Double = 0, standardDeviation: Double = 1, low: Double = -2, high: Double = 2)
  /// ``Tensor/xavierUniform(_:gain:dtype:generator:)``.
  case xavierUniform(gain: Double = 1)
  /// ``Tensor/xavierNormal(_:gain:dtype:generator:)``.
  case xavierNormal(gain: Double = 1)
  /// ``Tensor/kaimingUniform(_:negativeSlope:fan:dtype:generator:)``.
  case kaimingUniform(negativeSlope: Double = 0, fan: Fan = .in)
  /// ``Tensor/kaimingNormal(_:negativeSlope:fan:dtype:generator:)``.
  case kaimingNormal(negativeSlope: Double = 0, fan: Fan = .in)
  /// Rows, or columns if there are more rows, that are orthogonal and of length `gain`, as `torch.nn.init.orthogonal_`.
  case orthogonal(gain: Double = 1)
}

extension Tensor {
  /// Replaces the elements by initial values, those that PyTorch's `torch.nn.init` draws from the same stream. Gradients
  /// are not recorded, and the memory stays.
  ///
  ///     for case let linear as Linear in model.modules {
  ///       linear.weight.initialize(.truncatedNormal(standardDeviation: 0.02))
  ///       linear.bias?.initialize(.constant(0))
  ///     }
  ///
  /// - Parameters:
  ///   - values: Which; those that depend on fans, and orthogonal ones, need two dimensions or more.
  ///   - generator: Where the draws come from; the thread's default one if left out.
  public func initialize(_ values: Initialization, generator: RandomGenerator? = nil) {
    requireFloatingPoint(for: "initialize")
    let drawn: Tensor =
      switch values {
      case .constant(let value): .full(shape, value, dtype: dtype, device: device)
      case .uniform(let low, let high): .rand(shape, low: low, high: high, dtype: dtype, generator: generator)
      case .normal(let mean, let deviation):
        .randn(shape, mean: mean, standardDeviation: deviation, dtype: dtype, generator: generator)
      case .truncatedNormal(let mean, let deviation, let low, let high):
        .truncatedNormal(
          shape, mean: mean, standardDeviation: deviation, low: low, high: high, dtype: dtype, generator: generator)
      case .xavierUniform(let gain): .xavierUniform(shape, gain: gain, dtype: dtype, generator: generator)
      case .xavierNormal(let gain): .xavierNormal(shape, gain: gain, dtype: dtype, generator: generator)
      case .kaimingUniform(let slope, let fan):
        .kaimingUniform(shape, negativeSlope: slope, fan: fan, dtype: dtype, generator: generator)
      case .kaimingNormal(let slope, let fan):
        .kaimingNormal(shape, negativeSlope: slope, fan: fan, dtype: dtype, generator: generator)
      case .orthogonal(let gain): .orthogonal(shape, gain: gain, dtype: dtype, generator: generator)
      }
    replaceElements(by: drawn)
  }
}
