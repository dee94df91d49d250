extension Tensor {
  /// Uniform draws from [low, high), as `torch.rand` and `Tensor.uniform_`.
  ///
  /// Like all random tensors they are drawn from the generator's one stream on the processor, so that they are the same
  /// on every device.
  public static func rand(
    _ shape: [Int], low: Double = 0, high: Double = 1, dtype: DataType = .float32, device: Device = .cpu,
    requiresGrad: Bool = false, generator: RandomGenerator? = nil
  ) -> Tensor {
    let generator = RandomGenerator.source(generator)
    let drawn =
      switch dtype {
      case .float32: Tensor(shape: shape, of: Float.self) { generator.uniform(into: $0, low: low, high: high) }
      case .float64: Tensor(shape: shape, of: Double.self) { generator.uniform(into: $0, low: low, high: high) }
      default: unsupported("rand", dtype)
      }
    return drawn.leaf(on: device, requiresGrad: requiresGrad)
  }

  /// Normal draws, as `torch.randn` and `Tensor.normal_`.
  public static func randn(
    _ shape: [Int], mean: Double = 0, standardDeviation: Double = 1, dtype: DataType = .float32,
    device: Device = .cpu, requiresGrad: Bool = false, generator: RandomGenerator? = nil
  ) -> Tensor {
    let generator = RandomGenerator.source(generator)
    let drawn =
      switch dtype {
      case .float32:
        Tensor(shape: shape, of: Float.self) {
          generator.normal(into: $0, mean: mean, standardDeviation: standardDeviation)
        }
      case .float64:
        Tensor(shape: shape, of: Double.self) {
          generator.normal(into: $0, mean: mean, standardDeviation: standardDeviation)
        }
      default: unsupported("randn", dtype)
      }
    return drawn.leaf(on: device, requiresGrad: requiresGrad)
  }

  /// This tensor on a device, as the beginning of a graph if gradients are wanted.
  private func leaf(on device: Device, requiresGrad: Bool) -> Tensor {
    let leaf = to(device)
    if requiresGrad { leaf.requiresGrad = true }
    return leaf
  }

  /// Integers of a range, each as likely as the others, as `torch.randint`; `int64`.
  public static func randint(
    _ range: Range<Int>, _ shape: [Int], device: Device = .cpu, generator: RandomGenerator? = nil
  ) -> Tensor {
    Tensor(shape: shape, of: Int64.self) {
      RandomGenerator.source(generator).integers(into: $0, low: Int64(range.lowerBound), high: Int64(range.upperBound))
    }.to(device)
  }

  /// The integers 0 ..< count in random order, as `torch.randperm`; `int64`.
  public static func randperm(
    _ count: Int, device: Device = .cpu, generator: RandomGenerator? = nil
  ) -> Tensor {
    Tensor(RandomGenerator.source(generator).permutation(count: count), shape: [count]).to(device)
  }

  /// 1 with the given probability and else 0, as `torch.empty(shape).bernoulli_(probability)` where PyTorch does not draw
  /// by MKL, as it does on Intel's processors; `float32`.
  public static func bernoulli(
    _ shape: [Int], probability: Double, device: Device = .cpu, generator: RandomGenerator? = nil
  ) -> Tensor {
    Tensor(shape: shape, of: Float.self) {
      RandomGenerator.source(generator).bernoulli(into: $0, probability: probability)
    }.to(device)
  }

  /// Draws of places, each as likely as its element here is large, as `torch.multinomial(x, count)`; `int64`.
  ///
  /// - Parameters:
  ///   - count: The number of draws of each row. Without replacement there are that many elements that are not 0, or more.
  ///   - replacement: Whether a place can be drawn again, so that draws do not influence each other. (PyTorch's default is
  ///     that it cannot.)
  ///   - generator: Where the draws come from; the thread's default one if left out.
  /// - Returns: [count] or [N, count] for this tensor's [n] or [N, n], whose elements are finite, not negative, and in no
  ///   row all 0; anything else traps.
  public func multinomial(_ count: Int, replacement: Bool = true, generator: RandomGenerator? = nil) -> Tensor {
    precondition(
      (1...2).contains(rank) && shape[rank - 1] > 0 && dtype.isFloatingPoint,
      "multinomial by weights of shape \(shape) of \(dtype), expected numbers of shape [n] or [N, n]")
    precondition(count >= 0, "multinomial: \(count) draws")
    let generator = RandomGenerator.source(generator)
    func draw<T: TensorElement & BinaryFloatingPoint>(_: T.Type) -> Tensor {
      let (weights, classes) = (array(of: T.self), shape[rank - 1])
      let places = stride(from: 0, to: weights.count, by: classes).flatMap { start in
        let row = weights[start..<start + classes]
        return replacement && count != 1
          ? generator.places(count, weights: row) : generator.differentPlaces(count, weights: row)
      }
      return Tensor(places, shape: shape.dropLast() + [count])
    }
    return (dtype == .float32 ? draw(Float.self) : draw(Double.self)).to(device)
  }

  /// Initial values of a layer's weight or bias: uniform between ±1/√fanIn, which is PyTorch's default for linear and
  /// convolution layers (He et al., arXiv:1502.01852, with a = √5).
  static func fanInUniform(_ shape: [Int], fanIn: Int, dtype: DataType, generator: RandomGenerator?) -> Tensor {
    let bound = fanIn > 0 ? InitializationScale.biasBound(fanIn: fanIn) : 0
    return rand(shape, low: -bound, high: bound, dtype: dtype, generator: generator)
  }
}
