import Autograd
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
