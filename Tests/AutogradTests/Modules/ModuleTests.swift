import Autograd
import Testing

/// How parameters, buffers and modules are found and named.
@Suite struct ModuleTests {
  private class Base: Module {
    let first = Linear(2, 2)
    let scale = Parameter(Tensor([1.0]))
  }

  private final class Derived: Base {
    let blocks = [Linear(2, 1, bias: false), Linear(1, 2)]
    let maybe: Linear? = Linear(1, 1)
    let nothing: Linear? = nil
    let extra: [Parameter?] = [Parameter(Tensor([1.0])), nil, Parameter(Tensor([2.0]))]
    let running = Buffer(Tensor([0.0]))
    let fixed = Tensor([1.0])
    let name = "derived"
    let nested = [[ReLU()], [ReLU(), ReLU()]]
  }

  private final class Sharing: Module {
    let encoder: Linear
    let decoder: Linear

    override init() {
      encoder = Linear(2, 2)
      decoder = encoder
    }
  }

  private struct Pair {
    let weight = Parameter(Tensor([1.0]))
  }

  private final class WithStruct: Module { let pair = Pair() }
  private final class WithDictionary: Module { let layers = ["a": Linear(1, 1)] }
  private final class WithTuple: Module { let layers = (Linear(1, 1), Linear(1, 1)) }

  private class Plain { let layer = Linear(1, 1) }
  private final class Inherited: Plain {}
  private struct Wrapped { let plain = Inherited() }
  private final class WithClass: Module { let block = Plain() }
  private final class WithInheritedClass: Module { let blocks = [Inherited()] }
  private final class WithClassInside: Module { let wrapped: Wrapped? = Wrapped() }

  /// Classes with which there is nothing wrong.
  private final class Link {
    weak var model: Module?
    var next: Link?
    let numbers = [Float](repeating: 1, count: 100)
  }
  private final class WithPlainClasses: Module {
    let generator = RandomGenerator(seed: 1)
    let table = Tensor([1.0])
    let link = Link()
    let layer = Linear(1, 1)
    var optimizer: SGD?
  }

  @Test func namesFollowTheDeclarations() {
    #expect(
      Derived().namedParameters().map(\.name) == [
        "scale", "extra.0", "extra.2", "first.weight", "first.bias", "blocks.0.weight", "blocks.1.weight",
        "blocks.1.bias", "maybe.weight", "maybe.bias",
      ])
    #expect(
      Derived().namedModules().map(\.name) == [
        "", "first", "blocks.0", "blocks.1", "maybe", "nested.0.0", "nested.1.0", "nested.1.1",
      ])
    #expect(
      Sequential(Linear(1, 1), ReLU(), Sequential(Linear(1, 1))).namedParameters().map(\.name) == [
        "0.weight", "0.bias", "2.0.weight", "2.0.bias",
      ])
  }

  @Test func sharedModulesAreListedOnceButStoredUnderEveryName() throws {
    let model = Sharing()
    #expect(model.namedParameters().map(\.name) == ["encoder.weight", "encoder.bias"])
    #expect(
      model.stateDictionary().map(\.name) == ["encoder.weight", "encoder.bias", "decoder.weight", "decoder.bias"])
    let other = Sharing()
    try other.load(stateDictionary: model.stateDictionary())
    #expect(other.encoder.weight.array(of: Float.self) == model.decoder.weight.array(of: Float.self))
  }

  @Test func containersThatCannotBeNamedTrap() async {
    await #expect(processExitsWith: .failure) { _ = WithStruct().parameters }
    await #expect(processExitsWith: .failure) { _ = WithDictionary().parameters }
    await #expect(processExitsWith: .failure) { _ = WithTuple().parameters }
  }

  @Test func classesThatHoldParametersTrap() async {
    let plain = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WithClass().parameters
    }
    expect(plain, says: "WithClass.block: parameters in a Plain", "inherits Module")
    await #expect(processExitsWith: .failure) { _ = WithInheritedClass().parameters }
    await #expect(processExitsWith: .failure) { _ = WithClassInside().parameters }
  }

  @Test func classesThatHoldNoneAreLeftAlone() {
    let model = WithPlainClasses()
    model.link.model = model
    model.link.next = model.link
    model.optimizer = SGD(model.parameters, learningRate: 0.1)
    #expect(model.namedParameters().map(\.name) == ["layer.weight", "layer.bias"])
  }

  @Test func modesReachEveryModule() {
    let model = Sequential(Dropout(0.5), Sequential(Dropout(0.9)))
    let x = Tensor.ones([1000])
    #expect(Set(model(x).array(of: Float.self).map { ($0 * 100).rounded() }) == [0, 2000])
    model.evaluate()
    #expect(model.namedModules().allSatisfy { !$0.module.isTraining })
    #expect(model(x) === x)
    model.train()
    #expect(model.namedModules().allSatisfy { $0.module.isTraining })
  }

  @Test func frozenParametersAreNotTrained() throws {
    let model = Sequential(Linear(2, 2), Linear(2, 1))
    model.layers[0].freeze()
    #expect(ParameterArena(model).parameters.map(\.name) == ["1.bias", "1.weight"])
    let frozen = model.parameters[0].array(of: Float.self)
    let optimizer = SGD(model.parameters, learningRate: 1)
    try model(Tensor([[1.0, 2.0]])).sum().backward()
    optimizer.step()
    #expect(model.parameters[0].grad == nil && model.parameters[0].array(of: Float.self) == frozen)
    #expect(model.parameters[2].grad != nil)
    model.zeroGrad()
    #expect(model.parameters.allSatisfy { $0.grad == nil })
    model.layers[0].freeze(false)
    #expect(model.parameters.allSatisfy { $0.requiresGrad })
  }

  @Test func dropoutDrawsPyTorchsMask() {
    let x = Tensor.ones([64])
    let dropped = Dropout(0.25, generator: RandomGenerator(seed: 9))(x)
    var expected = [Float](repeating: 0, count: 64)
    expected.withUnsafeMutableBufferPointer { RandomGenerator(seed: 9).dropoutMask(into: $0, probability: 0.25) }
    #expect(dropped.array(of: Float.self) == expected)
    #expect(Set(expected) == [0, 1 / Float(0.75)])
  }

  @Test func activationLayersAreTheirFunctions() {
    let x = Tensor([[-1.5, 0.0, 2.0]])
    let pairs: [(any Layer, Tensor)] = [
      (Identity(), x), (ReLU(), x.relu()), (Sigmoid(), x.sigmoid()), (Tanh(), x.tanh()), (GELU(), x.gelu()),
      (GELU(approximation: .tanh), x.gelu(approximation: .tanh)), (SiLU(), x.silu()), (Softplus(), x.softplus()),
      (LeakyReLU(), x.leakyReLU()), (Softmax(1), x.softmax(1)), (LogSoftmax(-1), x.logSoftmax(-1)),
    ]
    for (layer, expected) in pairs {
      #expect(layer(x).array(of: Float.self) == expected.array(of: Float.self), "\(type(of: layer))")
    }
  }

  @Test func cumulativeBatchStatisticsAreMeans() {
    let norm = BatchNorm1d(1, momentum: nil, affine: false)
    for batch in [[[1.0], [3.0]], [[5.0], [7.0]]] { _ = norm(Tensor(batch)) }
    #expect(norm.runningMean.array(of: Float.self) == [4])
    #expect(norm.runningVariance.array(of: Float.self) == [2])
    #expect(norm.batchCount.item() == 2)
    #expect(norm.stateDictionary().map(\.name) == ["running_mean", "running_var", "num_batches_tracked"])
  }

  @Test func wrongRanksTrap() async {
    await #expect(processExitsWith: .failure) { _ = BatchNorm2d(2)(Tensor.ones([3, 2])) }
    await #expect(processExitsWith: .failure) { _ = MultiHeadAttention(5, heads: 2) }
  }
}
