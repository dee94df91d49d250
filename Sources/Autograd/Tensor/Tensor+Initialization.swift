/// Which connections of a layer the scale of a Kaiming initialization is chosen for.
public enum Fan: Sendable {
  /// Those into a unit: activations keep their variance in the forward pass.
  case `in`
  /// Those out of a unit: gradients keep theirs in the backward pass.
  case out
}

extension Tensor {
  /// Uniform draws whose scale suits tanh and sigmoid (X. Glorot, Y. Bengio, AISTATS 2010), as
  /// `torch.nn.init.xavier_uniform_`.
  ///
  /// - Parameters:
  ///   - shape: [outputs, inputs, kernel…].
  ///   - gain: The factor of the scale.
  ///   - generator: Where the draws come from; the thread's default one if left out.
  public static func xavierUniform(
    _ shape: [Int], gain: Double = 1, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) -> Tensor {
    let (fanIn, fanOut) = fans(shape)
    let bound = InitializationScale.xavierUniformBound(fanIn: fanIn, fanOut: fanOut, gain: gain)
    return rand(shape, low: -bound, high: bound, dtype: dtype, generator: generator)
  }

  /// Normal draws of the scale of ``xavierUniform(_:gain:dtype:generator:)``, as `torch.nn.init.xavier_normal_`.
  public static func xavierNormal(
    _ shape: [Int], gain: Double = 1, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) -> Tensor {
    let (fanIn, fanOut) = fans(shape)
    let deviation = InitializationScale.xavierStandardDeviation(fanIn: fanIn, fanOut: fanOut, gain: gain)
    return randn(shape, standardDeviation: deviation, dtype: dtype, generator: generator)
  }

  /// Uniform draws whose scale suits ReLUs (K. He et al., ICCV 2015), as `torch.nn.init.kaiming_uniform_`.
  ///
  /// - Parameters:
  ///   - shape: [outputs, inputs, kernel…].
  ///   - negativeSlope: Of a leaky ReLU; 0 for a ReLU.
  ///   - fan: Which pass keeps its scale.
  ///   - generator: Where the draws come from; the thread's default one if left out.
  public static func kaimingUniform(
    _ shape: [Int], negativeSlope: Double = 0, fan: Fan = .in, dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) -> Tensor {
    let bound = InitializationScale.kaimingUniformBound(fan: size(of: fan, shape), negativeSlope: negativeSlope)
    return rand(shape, low: -bound, high: bound, dtype: dtype, generator: generator)
  }

  /// Normal draws of the scale of ``kaimingUniform(_:negativeSlope:fan:dtype:generator:)``, as
  /// `torch.nn.init.kaiming_normal_`.
  public static func kaimingNormal(
    _ shape: [Int], negativeSlope: Double = 0, fan: Fan = .in, dtype: DataType = .float32,
    generator: RandomGenerator? = nil
  ) -> Tensor {
    let deviation = InitializationScale.kaimingStandardDeviation(
      fan: size(of: fan, shape), negativeSlope: negativeSlope)
    return randn(shape, standardDeviation: deviation, dtype: dtype, generator: generator)
  }

  /// Connections into and out of each unit of a layer with weights of this shape.
  private static func fans(_ shape: [Int]) -> (in: Int, out: Int) {
    precondition(shape.count >= 2, "fan-in and fan-out need a shape of [outputs, inputs, …], not \(shape)")
    let kernel = shape[2...].reduce(1, *)
    return (shape[1] * kernel, shape[0] * kernel)
  }

  private static func size(of fan: Fan, _ shape: [Int]) -> Int { fan == .in ? fans(shape).in : fans(shape).out }
}
