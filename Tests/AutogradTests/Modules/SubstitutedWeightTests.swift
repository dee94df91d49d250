import Autograd
import Testing

/// A module as a function of other weights.
@Suite struct SubstitutedWeightTests {
  private final class Net: Module, Layer {
    let first = Linear(2, 4, dtype: .float64)
    let norm = BatchNorm1d(4, dtype: .float64)
    let second = Linear(4, 1, dtype: .float64)

    func callAsFunction(_ x: Tensor) -> Tensor { second(norm(first(x)).tanh()) }
  }

  private let x = Tensor.randn([6, 2], dtype: .float64, generator: RandomGenerator(seed: 1))

  @Test func gradientsReachTheGivenTensorsAndNoParameter() throws {
    let (net, other) = (Net(), Net())
    let weights = other.parameters.map { $0.detached() }
    for weight in weights { weight.requiresGrad = true }
    let output = net.withWeights(weights) { net(x) }
    #expect(output.array(of: Double.self) == other(x).array(of: Double.self))
    try (output * output).sum().backward()
    let expected = other(x)
    try (expected * expected).sum().backward()
    for (weight, parameter) in zip(weights, other.parameters) {
      #expect(try #require(weight.grad).array(of: Double.self) == #require(parameter.grad).array(of: Double.self))
    }
    #expect(net.parameters.allSatisfy { $0.grad == nil && $0.isLeaf && $0.requiresGrad })
    #expect(net(x).array(of: Double.self) != output.array(of: Double.self))
  }

  @Test func derivativesThroughAStepAreThoseOfDifferences() throws {
    let net = Net()
    let start = net.parameters.map { $0.detached().cloned() }
    // Two steps of gradient descent, the second from a nested substitution's inside.
    func outcome(of given: [Tensor]) throws -> Tensor {
      // Differences are taken of leaves that require no gradients.
      let weights = given.map { $0.requiresGrad ? $0 : $0.cloned() }
      for weight in weights where weight.isLeaf { weight.requiresGrad = true }
      func loss(_ weights: [Tensor]) -> Tensor { net.withWeights(weights) { (net(x) - 1).pow(2).mean() } }
      let slopes = try gradients(of: loss(weights), withRespectTo: weights, createGraph: true)
      let next = zip(weights, slopes).map { $0 - 0.1 * $1 }
      let last = try net.withWeights(next) {
        let slopes = try gradients(
          of: (net(x) - 1).pow(2).mean(), withRespectTo: net.parameters, createGraph: true)
        return zip(net.parameters, slopes).map { $0 - 0.1 * $1 }
      }
      return loss(last)
    }
    try checkGradients(of: { weights in try enableGrad { try outcome(of: weights) } }, at: start)
    #expect(net.parameters.allSatisfy { $0.grad == nil })
  }

  @Test func aBackwardPassWithinIsThatOfWhatWasRecordedWithout() throws {
    let net = Net()
    let loss = net(x).pow(2).sum()
    let zeros = net.parameters.map { Tensor.zerosLike($0.detached()) }
    try net.withWeights(zeros) { try loss.backward() }
    let within = net.parameters.map { $0.grad?.array(of: Double.self) }
    let twin = Net()
    try twin.load(stateDictionary: net.stateDictionary().map { ($0.name, $0.tensor) })
    try twin(x).pow(2).sum().backward()
    #expect(within == twin.parameters.map { $0.grad?.array(of: Double.self) })
  }

  @Test func namesOfSomeAndOfBuffers() throws {
    let net = Net().evaluate()
    let mean = Tensor([1.0, 2, 3, 4], dtype: .float64)
    let bias = Tensor([7.0], dtype: .float64, requiresGrad: true)
    let before = net(x)
    let output = net.withWeights(["second.bias": bias, "norm.running_mean": mean]) { net(x) }
    #expect(output.array(of: Double.self) != before.array(of: Double.self))
    try output.sum().backward()
    #expect(bias.grad?.item() == 6 && net.second.bias?.grad == nil && net.second.weight.grad != nil)
    #expect(net(x).array(of: Double.self) == before.array(of: Double.self))
  }

  @Test func whatIsConstantHasNoGradientAndErrorsRestore() throws {
    struct Stop: Error {}
    let net = Net()
    let constants = net.parameters.map { $0.detached().cloned() }
    #expect(!net.withWeights(constants) { net(x) }.requiresGrad)
    #expect(throws: Stop.self) { try net.withWeights(constants) { throw Stop() } }
    #expect(net(x).requiresGrad)
  }

  @Test func whatDoesNotFitTraps() async {
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Linear(2, 3).withWeights([Tensor.zeros([3, 2])]) {}
    }
    expect(count, says: "1 tensors for a Linear of 2 parameters")
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Linear(2, 3).withWeights(["weight": Tensor.zeros([2, 3])]) {}
    }
    expect(shape, says: "[2, 3]", "'weight'", "[3, 2]")
    let name = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Linear(2, 3).withWeights(["weights": Tensor.zeros([3, 2])]) {}
    }
    expect(name, says: "weights", "bias")
  }
}
