import Autograd
import Testing

/// New initial values of parameters, those that PyTorch 2.15 draws after `torch.manual_seed(1)`.
@Suite struct InitializationTests {
  private func drawn(
    _ values: Initialization, _ shape: [Int], _ dtype: DataType = .float32
  ) -> (values: [Double], next: Float) {
    let generator = RandomGenerator(seed: 1)
    let parameter = Parameter(.zeros(shape, dtype: dtype))
    let memory = parameter.detached()
    parameter.initialize(values, generator: generator)
    #expect(parameter.requiresGrad && parameter.isLeaf)
    return (memory.array(of: Double.self), Tensor.rand([1], generator: generator).array(of: Float.self)[0])
  }

  private func close(_ found: [Double], _ expected: [Double], within tolerance: Double = 1e-6) -> Bool {
    found.count == expected.count && zip(found, expected).allSatisfy { abs($0 - $1) <= tolerance }
  }

  @Test func truncatedNormalDraws() {
    let most = drawn(.truncatedNormal(low: -1, high: 0.5), [5, 4])
    #expect(
      close(
        most.values,
        [
          0.1990565061569214, -0.7502318024635315, -0.6539809107780457, -0.47567880153656006, 0.21518245339393616,
          0.2444038987159729, -0.6629113554954529, -0.1631353348493576, 0.43914157152175903, -0.7930325865745544,
          0.2486107051372528, -0.09536188095808029, 0.0611552819609642, -0.6177444458007812, -0.7980698347091675,
          -0.13162320852279663, -0.7984398007392883, 0.33573052287101746, 0.2753335237503052, -0.15121692419052124,
        ], within: 0))
    #expect(most.next == 0.3749682903289795)
    let few = drawn(.truncatedNormal(low: 1, high: 3), [5, 4])
    #expect(
      close(
        few.values,
        [
          1.395228385925293, 1.5586217641830444, 2.320169448852539, 1.6120936870574951, 1.0585631132125854,
          1.4208643436431885, 1.4691798686981201, 1.7753252983093262, 2.139017105102539, 1.8903656005859375,
          1.038611888885498, 1.5232181742165161, 2.5631814002990723, 1.610298991203308, 1.9270912408828735,
          1.9099726676940918, 1.575093388557434, 1.2286555767059326, 2.608962059020996, 1.6972841024398804,
        ]))
    #expect(few.next == 0.7026703953742981)
    let single = drawn(.truncatedNormal(standardDeviation: 0.02), [2, 3], .float64)
    #expect(
      close(
        single.values,
        [
          0.013227043431409045, 0.005338481965850376, 0.0012335451647469662, 0.012426346573708431,
          -0.009038119294077659, -0.003322604690711439,
        ], within: 1e-16))
  }

  @Test func orthogonalDraws() {
    #expect(
      close(
        drawn(.orthogonal(gain: 2), [2, 3]).values,
        [
          1.8477427959442139, 0.745755672454834, 0.17231926321983337, 0.762423038482666, -1.753583312034607,
          -0.5862215161323547,
        ]))
    #expect(
      close(
        drawn(.orthogonal(), [3, 1, 2]).values,
        [
          0.8232183456420898, -0.05065270513296127, 0.0767727866768837, 0.9967954158782959, -0.562510073184967,
          0.06191626563668251,
        ]))
    #expect(
      close(
        drawn(.orthogonal(), [3, 3]).values,
        [
          0.3730891942977905, 0.7889792919158936, -0.488176167011261, 0.3505043089389801, -0.607033908367157,
          -0.7132015228271484, -0.8590408563613892, 0.09498000890016556, -0.5030184984207153,
        ]))
    let tall = drawn(.orthogonal(), [100, 70], .float64).values
    #expect(
      close(
        [tall[0], tall[70], tall[140], tall[6999]],
        [-0.03337389108651401, -0.03363831408456343, 0.29406174606098295, 0.17268705616350782], within: 1e-12))
    let columns = Tensor(tall, shape: [100, 70])
    let products = columns.transposed().matmul(columns) - Tensor.eye(70, dtype: .float64)
    #expect(products.abs().maximum().item() < 1e-14)
    #expect(drawn(.orthogonal(), [0, 3]).values.isEmpty)
  }

  @Test func theOthersAreTheTensorsOfTheSameName() {
    func same(_ values: Initialization, _ make: (RandomGenerator) -> Tensor) {
      let expected = make(RandomGenerator(seed: 1))
      #expect(drawn(values, expected.shape).values == expected.array(of: Double.self))
    }
    same(.constant(3)) { _ in .full([2, 2], 3) }
    same(.uniform(low: -1)) { .rand([4, 5], low: -1, generator: $0) }
    same(.normal(mean: 1)) { .randn([4, 5], mean: 1, generator: $0) }
    same(.xavierUniform(gain: 2)) { .xavierUniform([4, 5], gain: 2, generator: $0) }
    same(.xavierNormal()) { .xavierNormal([4, 5], generator: $0) }
    same(.kaimingUniform(negativeSlope: 0.2)) { .kaimingUniform([4, 5], negativeSlope: 0.2, generator: $0) }
    same(.kaimingNormal(fan: .out)) { .kaimingNormal([4, 5], fan: .out, generator: $0) }
  }

  @Test func allLayersOfAKindAreReached() {
    let model = Sequential(Linear(2, 3), ReLU(), Sequential(Linear(3, 1, bias: false)))
    for case let linear as Linear in model.modules {
      linear.weight.initialize(.constant(0.5))
      linear.bias?.initialize(.constant(0))
    }
    #expect(model.modules.count == 5 && model(.ones([1, 2])).item() == 1.5)
  }

  @Test func whatCannotBeTraps() async {
    let bounds = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2]).initialize(.truncatedNormal(low: 1, high: 1))
    }
    expect(bounds, says: "truncatedNormal from 1.0 to 1.0")
    let vector = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2]).initialize(.orthogonal())
    }
    expect(vector, says: "two dimensions or more, not [2]")
    let integers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor([1]).initialize(.constant(1))
    }
    expect(integers, says: "int64")
  }
}
