extension Tensor {
  /// Uniform draws from [low, high), as `torch.rand` and `Tensor.uniform_`.
  public static func rand(
    _ shape: [Int], low: Double = 0, high: Double = 1, dtype: DataType = .float32, generator: RandomGenerator? = nil
  ) -> Tensor {
    let generator = generator ?? .default
    let result = Tensor(uninitialized: shape, dtype: dtype)
    switch dtype {
    case .float32:
      generator.uniform(
        into: UnsafeMutableBufferPointer<Float>(start: result.pointer(), count: result.count), low: low, high: high)
    case .float64:
      generator.uniform(
        into: UnsafeMutableBufferPointer<Double>(start: result.pointer(), count: result.count), low: low, high: high)
    default: unsupported("rand", dtype)
    }
    return result
  }

  /// Initial values of a layer's weight or bias: uniform between ±1/√fanIn, which is PyTorch's default for linear and
  /// convolution layers (He et al., arXiv:1502.01852, with a = √5).
  static func fanInUniform(_ shape: [Int], fanIn: Int, dtype: DataType, generator: RandomGenerator?) -> Tensor {
    let bound = fanIn > 0 ? InitializationScale.biasBound(fanIn: fanIn) : 0
    return rand(shape, low: -bound, high: bound, dtype: dtype, generator: generator)
  }
}

extension RandomGenerator {
  /// The seed of a thread's default generator before anything else is asked for; the value is PyTorch's.
  public static let defaultSeed: UInt64 = 67_280_421_310_721

  /// The generator that this thread draws from where no other is given.
  public static var `default`: RandomGenerator { ThreadState.current.generator }
}

/// Starts the default generator of this thread at the stream of `seed`, as `torch.manual_seed`.
public func manualSeed(_ seed: UInt64) { RandomGenerator.default.seed(seed) }
