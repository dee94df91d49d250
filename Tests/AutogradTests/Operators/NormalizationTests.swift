import Autograd
import Testing

/// What batch normalization and dropout do beyond their fixtures.
@Suite struct NormalizationTests {
  private let x = Tensor.rand([6, 3, 2, 2], dtype: .float64, generator: RandomGenerator(seed: 1))

  private func distance(_ a: Tensor?, _ b: Tensor?) -> Double {
    guard let a, let b, a.shape == b.shape else { return .infinity }
    return zip(a.array(of: Double.self), b.array(of: Double.self)).map { abs($0 - $1) }.max() ?? 0
  }

  @Test func batchNormGivesTheStatisticsOfTheBatch() {
    let (_, mean, variance) = x.batchNorm()
    #expect(!mean.requiresGrad && !variance.requiresGrad)
    #expect(distance(mean, x.mean([0, 2, 3])) < 1e-15)
    #expect(distance(variance, x.variance([0, 2, 3], unbiased: false)) < 1e-15)
  }

  /// The moments of two halves of a batch, combined, normalize both as the whole batch is normalized.
  @Test func batchNormInTwoStepsWithCombinedMoments() throws {
    let factors = Tensor.rand(x.shape, dtype: .float64, generator: RandomGenerator(seed: 2))
    let whole = x.cloned()
    whole.requiresGrad = true
    let expected = whole.batchNorm().output
    try (expected * factors).sum().backward()

    let parted = x.cloned()
    parted.requiresGrad = true
    let halves = parted.split(3)
    let moments = halves.map { $0.batchMoments() }
    let mean = (moments[0].mean + moments[1].mean) / 2
    let squares = moments.map { $0.variance + $0.mean * $0.mean }
    let variance = (squares[0] + squares[1]) / 2 - mean * mean
    let output = Tensor.concatenated(halves.map { $0.batchNorm(mean: mean, variance: variance) })
    try (output * factors).sum().backward()
    #expect(distance(output, expected) < 1e-12 && distance(parted.grad, whole.grad) < 1e-11)
  }

  @Test func layerNormOfSingleRowsInSinglePrecision() {
    let offset = Tensor([[1e4 + 1, 1e4 + 2, 1e4 + 3]]).layerNorm([3], epsilon: 0)
    #expect(distance(offset, Tensor([[-1.224744871391589, 0, 1.224744871391589]])) < 1e-6)
  }

  @Test(arguments: RandomFixture.draws("dropout_0.5"))
  func dropoutDrawsAsPyTorch(_ draw: RandomFixture.Draw) {
    for dtype in [DataType.float32, .float64] {
      let generator = RandomGenerator(seed: draw.seed)
      let dropped = Tensor.ones([draw.values.count], dtype: dtype).dropout(probability: 0.5, generator: generator)
      #expect(dropped.array(of: Double.self) == draw.values)
      #expect(Tensor.rand([2], generator: generator).array(of: Float.self) == draw.followingUniforms)
    }
  }

  @Test func dropoutOutsideOfTraining() {
    let x = Tensor.ones([4])
    #expect(x.dropout(probability: 0.5, training: false) === x && x.dropout(probability: 0) === x)
    #expect(x.dropout(probability: 1).array(of: Float.self) == [0, 0, 0, 0])
  }
}
