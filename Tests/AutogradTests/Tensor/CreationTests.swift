import Autograd
import Testing

@Suite struct CreationTests {
  @Test func randomTensorsMayBeLeaves() throws {
    for x in [Tensor.rand([2], requiresGrad: true), Tensor.randn([2], dtype: .float64, requiresGrad: true)] {
      try (x * 3).sum().backward()
      #expect(x.isLeaf && x.grad?.array(of: Double.self) == [3, 3])
    }
    #expect(!Tensor.rand([2]).requiresGrad && !Tensor.randn([2]).requiresGrad)
  }

  @Test func ranges() {
    #expect(Tensor.arange(4).array(of: Int.self) == [0, 1, 2, 3])
    #expect(Tensor.arange(2..<9, step: 3).array(of: Int.self) == [2, 5, 8])
    #expect(Tensor.arange(from: 0, to: 1, step: 0.25).array(of: Float.self) == [0, 0.25, 0.5, 0.75])
    #expect(Tensor.arange(from: 1, to: 0, step: -0.5).array(of: Float.self) == [1, 0.5])
    #expect(Tensor.linspace(from: 1, to: 2, count: 5).array(of: Double.self) == [1, 1.25, 1.5, 1.75, 2])
    #expect(Tensor.linspace(from: 0.1, to: 0.7, count: 3, dtype: .float64).array(of: Double.self).last == 0.7)
    #expect(Tensor.linspace(from: 3, to: 4, count: 1).array(of: Float.self) == [3])
    #expect(Tensor.linspace(from: 3, to: 4, count: 0).shape == [0])
  }

  /// PyTorch's numbers, to the last bit.
  @Test func evenDistancesAreRoundedAsByPyTorch() {
    let found = Tensor.linspace(from: -5, to: 5, count: 100).array(of: Float.self)
    #expect(
      [1, 7, 33, 50, 66, 98].map { found[$0] } == [
        -4.898989677429199, -4.292929172515869, -1.6666667461395264, 0.0505051463842392, 1.6666667461395264,
        4.898989677429199,
      ])
    #expect(
      Tensor.linspace(from: 0.1, to: 0.7, count: 23).array(of: Float.self) == [
        0.10000000149011612, 0.12727272510528564, 0.15454545617103577, 0.1818181723356247, 0.20909090340137482,
        0.23636363446712494, 0.26363635063171387, 0.290909081697464, 0.3181818127632141, 0.34545454382896423,
        0.37272724509239197, 0.4000000059604645, 0.4272727370262146, 0.4545454680919647, 0.48181819915771484,
        0.5090909004211426, 0.5363636612892151, 0.5636363625526428, 0.5909090638160706, 0.6181818246841431,
        0.6454545259475708, 0.6727272868156433, 0.699999988079071,
      ])
    #expect(
      Tensor.linspace(from: 0, to: 1, count: 11, dtype: .float64).array(of: Double.self)
        == [0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1])
    #expect(Tensor.linspace(from: -1, to: 1, count: 2).array(of: Float.self) == [-1, 1])
    #expect(Tensor.linspace(from: 0, to: 10, count: 5, dtype: .int64).array(of: Int.self) == [0, 2, 5, 7, 10])
  }

  @Test func likeAnother() {
    let x = Tensor([[1, 2], [3, 4]])
    #expect(Tensor.zerosLike(x).array(of: Int.self) == [0, 0, 0, 0])
    #expect(Tensor.onesLike(x).dtype == .int64 && Tensor.onesLike(x).shape == [2, 2])
    #expect(Tensor.eye(2, 3).array(of: Float.self) == [1, 0, 0, 0, 1, 0])
    #expect(Tensor.eye(2, dtype: .int64).array(of: Int.self) == [1, 0, 0, 1])
  }

  @Test func emptyRangesOfNumbersTrap() async {
    await #expect(processExitsWith: .failure) { _ = Tensor.arange(from: 0, to: 1, step: -1) }
  }

  @Test func drawsOfAnExplicitGeneratorLeaveTheDefaultOneAlone() {
    manualSeed(3)
    let expected = Tensor.rand([4]).array(of: Float.self)
    manualSeed(3)
    _ = Tensor.rand([4], generator: RandomGenerator(seed: 1))
    #expect(Tensor.rand([4]).array(of: Float.self) == expected)
  }

  /// Tensors are drawn as the generator draws, which is checked against PyTorch elsewhere.
  @Test func drawsComeFromTheGenerator() {
    func generator() -> RandomGenerator { RandomGenerator(seed: 5) }
    var normal = [Float](repeating: 0, count: 6)
    normal.withUnsafeMutableBufferPointer { generator().normal(into: $0) }
    #expect(Tensor.randn([2, 3], generator: generator()).array(of: Float.self) == normal)
    var integers = [Int64](repeating: 0, count: 6)
    integers.withUnsafeMutableBufferPointer { generator().integers(into: $0, low: -2, high: 9) }
    #expect(Tensor.randint(-2..<9, [6], generator: generator()).array(of: Int64.self) == integers)
    #expect(Tensor.randperm(9, generator: generator()).array(of: Int.self) == generator().permutation(count: 9))
    var truths = [Float](repeating: 0, count: 6)
    truths.withUnsafeMutableBufferPointer { generator().bernoulli(into: $0, probability: 0.3) }
    #expect(Tensor.bernoulli([6], probability: 0.3, generator: generator()).array(of: Float.self) == truths)
    #expect(Tensor.randn([3], dtype: .float64).dtype == .float64)
  }

  @Test(arguments: RandomFixture.cases("Embedding"))
  func initializersArePyTorchs(_ item: RandomFixture.Case) throws {
    manualSeed(item.seed)
    let found = [Embedding(6, 4).weight, .xavierUniform([6, 5]), .kaimingNormal([6, 5])]
    #expect(found.map { $0.array(of: Float.self) } == [item.weight?.data, item.xavier?.data, item.kaiming?.data])
  }

  @Test(arguments: RandomFixture.cases("Linear"))
  func layersStartAsPyTorchs(_ item: RandomFixture.Case) throws {
    manualSeed(item.seed)
    let (linear, convolution) = (Linear(5, 7), Conv2d(3, 4, kernel: 3))
    let found = [linear.weight, linear.bias, convolution.weight, convolution.bias].map { $0?.array(of: Float.self) }
    #expect(found == [item.weight?.data, item.bias?.data, item.convWeight?.data, item.convBias?.data])
  }

  @Test func initializersHaveTheirScales() {
    let shape = [40, 30, 5, 5]
    func deviation(_ tensor: Tensor) -> Double { tensor.standardDeviation().item() }
    let generator = RandomGenerator(seed: 2)
    let expected = (2.0 / (70 * 25)).squareRoot()
    #expect(abs(deviation(.xavierNormal(shape, generator: generator)) / expected - 1) < 0.02)
    #expect(abs(deviation(.xavierUniform(shape, gain: 3, generator: generator)) / (3 * expected) - 1) < 0.02)
    let out = (2.0 / (40 * 25)).squareRoot()
    #expect(abs(deviation(.kaimingNormal(shape, fan: .out, generator: generator)) / out - 1) < 0.02)
    let leaky = (2.0 / (1.25 * 30 * 25)).squareRoot()
    #expect(abs(deviation(.kaimingUniform(shape, negativeSlope: 0.5, generator: generator)) / leaky - 1) < 0.02)
  }
}
