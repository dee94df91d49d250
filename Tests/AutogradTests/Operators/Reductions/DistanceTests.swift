import Autograd
import TestSupport
import Testing

/// Lengths, distances and ways between tensors.
@Suite struct DistanceTests {
  @Test func manyDistancesAreThoseOfPairs() {
    let generator = RandomGenerator(seed: 3)
    let x = Tensor.randn([70, 40], generator: generator), y = Tensor.randn([300, 40], generator: generator)
    let distances = x.pairwiseDistances(to: y)
    #expect(distances.shape == [70, 300])
    for (i, j) in [(0, 0), (33, 299), (69, 150)] {
      #expect(abs(distances[i, j].item() - (x[i] - y[j]).norm().item()) < 1e-5)
    }
    #expect(x.pairwiseDistances(to: x).diagonal().array(of: Float.self) == Array(repeating: 0, count: 70))
    #expect(Tensor.zeros([0, 3]).pairwiseDistances(to: .zeros([2, 3])).shape == [0, 2])
  }

  /// Of vectors that are shorter and longer than a part of a sum, and of more or fewer others than are taken at a time.
  @Test(arguments: [0, 1, 3, 64, 150], [1, 15, 16, 37]) func distancesOfAnyNumber(size: Int, others: Int) {
    let generator = RandomGenerator(seed: 4)
    let x = Tensor.randn([2, 1, 5, size], dtype: .float64, generator: generator)
    let y = Tensor.randn([3, others, size], dtype: .float64, generator: generator)
    let expected = (x.unsqueezed(-2) - y.unsqueezed(-3)).pow(2).sum([-1]).sqrt()
    for dtype in [DataType.float32, .float64] {
      let found = [1, 2, 3].map { threads in
        LoopThreads.using(threads: threads) { x.cast(to: dtype).pairwiseDistances(to: y.cast(to: dtype)) }
      }
      #expect(found[0].shape == [2, 3, 5, others] && found[0].dtype == dtype)
      let bound = dtype == .float32 ? 1e-5 : 1e-13
      #expect((found[0].cast(to: .float64) - expected).abs().array(of: Double.self).allSatisfy { $0 < bound })
      for other in found[1...] { #expect(other.array(of: Double.self) == found[0].array(of: Double.self)) }
    }
  }

  /// The vectors are divided into strips, too, for several threads.
  @Test func distancesOfManyFromFew() {
    let generator = RandomGenerator(seed: 5)
    let x = Tensor.randn([1030, 4], generator: generator), y = Tensor.randn([3, 4], generator: generator)
    for threads in 1...3 {
      let distances = LoopThreads.using(threads: threads) { x.pairwiseDistances(to: y) }
      for i in [0, 511, 512, 1023, 1024, 1029] {
        #expect(abs(distances[i, 2].item() - (x[i] - y[2]).norm().item()) < 1e-5)
      }
    }
  }

  /// A difference beside which the vectors are long keeps its digits.
  @Test func distancesOfNeighborsFarAway() throws {
    let x = Tensor.full([30, 2], 4096.0), y = x + Tensor([0.25, 0])
    #expect(x.pairwiseDistances(to: y).array(of: Float.self).allSatisfy { $0 == 0.25 })
    let generator = RandomGenerator(seed: 6)
    func gradients(_ dtype: DataType) throws -> [Double] {
      let points = [8, 9].map { (Tensor.rand([$0, 3], generator: generator) + 4096).cast(to: dtype) }
      for vectors in points { vectors.requiresGrad = true }
      try points[0].pairwiseDistances(to: points[1]).sum().backward()
      return points.flatMap { $0.grad?.array(of: Double.self) ?? [] }
    }
    let found = try gradients(.float32)
    generator.seed(6)
    let expected = try gradients(.float64)
    #expect(found.count == 51 && zip(found, expected).allSatisfy { abs($0 - $1) < 2e-6 })
  }

  @Test func tensorsOnTwoDevicesTrap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).pairwiseDistances(to: .zeros([2, 3], device: try EmulatedGPU.device()))
    }
    expect(result, says: "pairwiseDistances of tensors on cpu and cuda:0")
  }

  @Test func equalPointsHaveNoSlope() throws {
    let x = Tensor([[1.0, 2], [3, 4]], requiresGrad: true)
    try x.pairwiseDistances(to: x.detached()).sum().backward()
    let slope = Float(0.5).squareRoot()
    let found = try #require(x.grad).array(of: Float.self)
    #expect(zip(found, [-slope, -slope, slope, slope]).allSatisfy { abs($0 - $1) < 1e-6 })
  }

  @Test func shapesThatDoNotFitTrap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([2, 3]).pairwiseDistances(to: .zeros([2, 4]))
    }
    expect(result, says: "[2, 3]", "[2, 4]")
  }

  @Test func aVectorOfLengthZeroStays() {
    #expect(Tensor([[0.0, 0], [3, 4]]).normalized().array(of: Float.self) == [0, 0, 0.6, 0.8])
  }

  @Test func aRunningMeanIsMovedInPlace() throws {
    let (mean, next) = (Tensor([1.0, 2]), Tensor([5.0, 2], requiresGrad: true))
    try noGrad { try mean.interpolate(to: next, weight: 0.25) }
    #expect(mean.array(of: Float.self) == [2, 2] && !mean.requiresGrad)
    #expect(throws: AutogradError.trackedOperandInPlace) { try mean.interpolate(to: next, weight: 0.5) }
    #expect(throws: AutogradError.leafChangedInPlace) { try next.interpolate(to: mean, weight: 0.5) }
    #expect(mean.interpolated(to: next, weight: 1).array(of: Float.self) == [5, 2])
  }

  @Test func signsOfIntegers() {
    #expect(Tensor([-3, 0, 5]).sign().array(of: Int.self) == [-1, 0, 1])
    #expect(Tensor([.nan, -0.0]).sign().array(of: Float.self) == [0, 0])
  }

  @Test func productsOfIntegers() {
    #expect(Tensor([2, -3, 0, 5]).cumulativeProduct(0).array(of: Int.self) == [2, -6, 0, 0])
    #expect(Tensor(4.0).cumulativeProduct(0).item() == 4)
    #expect(Tensor.zeros([2, 0]).cumulativeProduct(1).shape == [2, 0])
  }
}
