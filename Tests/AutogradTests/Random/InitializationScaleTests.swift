import Autograd
import Testing

@Suite struct InitializationScaleTests {
  private func uniform(_ count: Int, bound: Double, _ generator: RandomGenerator) -> [Float] {
    drawn(count) { generator.uniform(into: $0, low: -bound, high: bound) }
  }

  /// PyTorch's default initialisation of layers: `kaiming_uniform_(a=√5)` for weights, 1 / √fan-in for biases.
  @Test(arguments: RandomFixture.cases("Linear"))
  func layersStartAsPyTorchs(_ item: RandomFixture.Case) throws {
    let generator = RandomGenerator(seed: item.seed)
    let slope = 5.0.squareRoot()
    for (weight, bias, fanIn) in [(item.weight, item.bias, 5), (item.convWeight, item.convBias, 27)] {
      let (weight, bias) = (try #require(weight).data, try #require(bias).data)
      let bound = InitializationScale.kaimingUniformBound(fan: fanIn, negativeSlope: slope)
      #expect(uniform(weight.count, bound: bound, generator) == weight)
      #expect(uniform(bias.count, bound: InitializationScale.biasBound(fanIn: fanIn), generator) == bias)
    }
  }

  @Test(arguments: RandomFixture.cases("Embedding"))
  func namedInitialisationsArePyTorchs(_ item: RandomFixture.Case) throws {
    let generator = RandomGenerator(seed: item.seed)
    let (weight, xavier) = (try #require(item.weight).data, try #require(item.xavier).data)
    let kaiming = try #require(item.kaiming).data
    #expect(drawn(weight.count) { generator.normal(into: $0) } == weight)
    let bound = InitializationScale.xavierUniformBound(fanIn: 5, fanOut: 6)
    #expect(uniform(xavier.count, bound: bound, generator) == xavier)
    let deviation = InitializationScale.kaimingStandardDeviation(fan: 5)
    #expect(drawn(kaiming.count) { generator.normal(into: $0, standardDeviation: deviation) } == kaiming)
  }

  @Test func fixtureHasBothKindsOfLayers() {
    #expect(RandomFixture.cases("Linear").count == 5)
    #expect(RandomFixture.cases("Embedding").count == 5)
  }

  @Test func scalesAreTheirFormulas() {
    #expect(InitializationScale.leakyReLUGain() == 2.0.squareRoot())
    #expect(abs(InitializationScale.kaimingUniformBound(fan: 16, negativeSlope: 5.0.squareRoot()) - 0.25) < 1e-15)
    #expect(InitializationScale.biasBound(fanIn: 16) == 0.25)
    #expect(InitializationScale.xavierStandardDeviation(fanIn: 3, fanOut: 5, gain: 4) == 2)
  }
}
