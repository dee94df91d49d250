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

  struct Rows: Sendable {
    let shape: [Int]
    let groups: Int
    var affine = (weight: true, bias: true)
  }

  private static let rows = [
    Rows(shape: [3, 6, 5, 7], groups: 3), Rows(shape: [2, 8], groups: 4), Rows(shape: [5, 1, 43], groups: 1),
    Rows(shape: [2, 6, 9], groups: 6, affine: (true, false)), Rows(shape: [2, 37], groups: 1, affine: (false, true)),
    Rows(shape: [1, 4, 3, 2, 33], groups: 2, affine: (false, false)), Rows(shape: [3, 70, 1], groups: 7),
    Rows(shape: [0, 4, 3], groups: 2), Rows(shape: [2, 4, 0], groups: 2),
  ]

  /// Against the mean and the mean square of every group, one operation after the other.
  @Test(arguments: rows, [DataType.float64, .float32])
  func groupsOfChannelsAndRowsOfAllLengths(_ rows: Rows, dtype: DataType) throws {
    func tensor(_ shape: [Int], _ seed: UInt64, _ dtype: DataType) -> Tensor {
      let values = Tensor.randn(shape, dtype: .float64, generator: RandomGenerator(seed: seed)).cast(to: dtype)
        .detached()
      values.requiresGrad = true
      return values
    }
    let channels = rows.shape[1]
    func results(_ dtype: DataType, _ normalized: (_ x: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Tensor) throws
      -> [Tensor?]
    {
      let x = tensor(rows.shape, 1, dtype)
      let (weight, bias) = (tensor([channels], 2, dtype), tensor([channels], 3, dtype))
      let y = normalized(x, rows.affine.weight ? weight : nil, rows.affine.bias ? bias : nil)
      try (y * tensor(rows.shape, 4, dtype).detached()).sum().backward()
      return [y, x.grad, rows.affine.weight ? weight.grad : nil, rows.affine.bias ? bias.grad : nil]
    }
    let expected = try results(.float64) { x, weight, bias in
      let groups = x.reshaped([x.shape[0], rows.groups, x.count / max(x.shape[0] * rows.groups, 1)])
      let distance = groups - groups.mean([2], keepingDimensions: true)
      let deviation = ((distance * distance).mean([2], keepingDimensions: true) + 1e-5).sqrt()
      let perChannel = [channels] + rows.shape[2...].map { _ in 1 }
      let normalized =
        (distance / deviation).reshaped(x.shape) * (weight ?? .ones([channels], dtype: .float64)).reshaped(perChannel)
      return bias.map { normalized + $0.reshaped(perChannel) } ?? normalized
    }
    let bound = dtype == .float64 ? 1e-12 : 2e-5
    func expectSame(_ found: [Tensor?], _ name: String) {
      for (found, expected) in zip(found, expected) {
        #expect(found == nil && expected == nil || distance(found, expected) < bound, "\(name)")
      }
    }
    expectSame(try results(dtype) { $0.groupNorm(rows.groups, weight: $1, bias: $2) }, "groupNorm")
    guard rows.groups == 1, rows.shape[2...].allSatisfy({ $0 == 1 }) else { return }
    expectSame(try results(dtype) { $0.layerNorm([channels], weight: $1, bias: $2) }, "layerNorm")
  }

  /// As exact as in double precision, whatever the mean, and without squares that overflow.
  @Test(arguments: [[0, 2], [1], [0, 1, 2], [2]]) func varianceOfNumbersFarFromZero(_ dimensions: [Int]) throws {
    for (scale, offset) in [(0.1, 1e4), (1e18, 0), (1e-18, 0)] {
      let noise = Tensor.randn([5, 7, 40], dtype: .float64, generator: RandomGenerator(seed: 3))
      let single = (noise * scale + offset).cast(to: .float32)
      let double = single.cast(to: .float64)
      func off(_ found: Tensor, _ expected: Tensor) -> Double {
        ((found.cast(to: .float64) - expected) / expected).abs().maximum().item()
      }
      #expect(off(single.variance(dimensions), double.variance(dimensions)) < 3e-7)
      #expect(off(single.standardDeviation(dimensions), double.standardDeviation(dimensions)) < 3e-7)
    }
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
