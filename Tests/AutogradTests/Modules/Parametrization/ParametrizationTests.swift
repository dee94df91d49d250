import Autograd
import TestSupport
import Testing

/// `parametrizations.json`: weight and spectral normalization as PyTorch makes and trains them.
@Suite struct ParametrizationTests {
  private struct File: Decodable {
    struct Model: Decodable {
      struct Step: Decodable {
        let output: ModuleFixture.Array
        let gradients: [ModuleFixture.Entry]
      }

      let initial: [ModuleFixture.Entry]
      let input: ModuleFixture.Array
      let steps: [Step]
      let final: [ModuleFixture.Entry]
      let evaluated: ModuleFixture.Array
      let plain: [ModuleFixture.Entry]
    }

    let models: [String: Model]
  }

  /// A model, and the same of the layers that its parametrizations leave.
  private struct Case {
    let model: Sequential
    let plain: () -> Sequential

    init<First: Layer>(_ first: ParametrizedLayer<First>, _ others: any Layer...) {
      model = Sequential([first] + others)
      plain = { Sequential([first.withoutParametrization()] + others) }
    }

    init<First: Layer, Last: Layer>(
      _ first: ParametrizedLayer<First>, then function: any Layer, _ last: ParametrizedLayer<Last>
    ) {
      model = Sequential(first, function, last)
      plain = { Sequential(first.withoutParametrization(), function, last.withoutParametrization()) }
    }
  }

  private static let cases: [String: @Sendable () -> Case] = [
    "weight norm of linear layers": {
      Case(WeightNorm(Linear(3, 4)), then: Tanh(), WeightNorm(Linear(4, 2, bias: false), along: 1))
    },
    "weight norm of convolutions": {
      Case(WeightNorm(Conv2d(3, 4, kernel: 2)), then: Tanh(), WeightNorm(Conv2d(4, 2, kernel: 2), along: nil))
    },
    "weight norm of a convolution of sequences": {
      Case(WeightNorm(Conv1d(3, 4, kernel: 2)), Tanh(), Conv1d(4, 2, kernel: 2))
    },
    "weight norm of a transposed convolution": {
      Case(WeightNorm(ConvTranspose2d(3, 4, kernel: 2, stride: 2), along: 1), Sigmoid())
    },
    "weight norm of an embedding": { Case(WeightNorm(Embedding(5, 3)), Tanh()) },
    "spectral norm of linear layers": {
      Case(SpectralNorm(Linear(3, 4)), then: Tanh(), SpectralNorm(Linear(4, 2), along: 1, iterations: 2))
    },
    "spectral norm of convolutions": {
      Case(
        SpectralNorm(Conv2d(3, 4, kernel: 2)), then: Tanh(), SpectralNorm(ConvTranspose2d(4, 2, kernel: 2, stride: 2)))
    },
    "spectral norm of convolutions of sequences": {
      Case(SpectralNorm(Conv1d(3, 4, kernel: 2)), then: Tanh(), SpectralNorm(ConvTranspose1d(4, 2, kernel: 2)))
    },
    "spectral norm of an embedding": { Case(SpectralNorm(Embedding(5, 3)), Tanh()) },
  ]

  @Test(arguments: cases.keys.sorted(), [false, true]) func agreesWithPyTorch(name: String, inArena: Bool) throws {
    try Self.check(name, inArena: inArena, on: .cpu)
  }

  @Test(arguments: cases.keys.sorted()) func agreesWithPyTorchOnAGPU(name: String) throws {
    try Self.check(name, inArena: true, on: EmulatedGPU.device())
  }

  private static func check(_ name: String, inArena: Bool, on device: Device) throws {
    let file: File = try Fixture.decode(from: "parametrizations.json")
    #expect(Set(file.models.keys) == Set(cases.keys))
    let expected = try #require(file.models[name])
    manualSeed(5)
    let make = try #require(cases[name])
    let example = make()
    let model = example.model
    #expect(model.stateDictionary().map(\.name) == expected.initial.map(\.name))
    for (found, entry) in zip(model.stateDictionary(), expected.initial) {
      expectClose(found.tensor, entry.tensor, within: 1e-6, "initial \(found.name)")
    }
    try model.convert(to: .float64).load(stateDictionary: expected.initial.stateDictionary)
    model.to(device)
    let arena = inArena ? ParameterArena(model) : nil
    let optimizer = SGD(arena.map { [$0.flat] } ?? model.parameters, learningRate: 0.05)
    let x = expected.input.tensor.to(device)
    for (number, step) in expected.steps.enumerated() {
      arena?.zeroGrad()
      optimizer.zeroGrad()
      let output = model(x)
      expectClose(output, step.output, "output of step \(number)")
      try (output * output).sum().backward()
      #expect(model.namedParameters().map(\.name) == step.gradients.map(\.name))
      for ((parameterName, parameter), entry) in zip(model.namedParameters(), step.gradients) {
        expectClose(try #require(parameter.grad), entry.tensor, "gradient of \(parameterName) in step \(number)")
      }
      optimizer.step()
    }
    func expectState(_ found: Module, _ wanted: [ModuleFixture.Entry], _ what: String) {
      let state = found.stateDictionary().sorted { $0.name < $1.name }
      let wanted = wanted.sorted { $0.name < $1.name }
      #expect(state.map(\.name) == wanted.map(\.name))
      for (found, entry) in zip(state, wanted) { expectClose(found.tensor, entry.tensor, "\(what) \(found.name)") }
    }
    model.evaluate()
    expectClose(model(x), expected.evaluated, "result in evaluation mode")
    expectState(model, expected.final, "final")
    let plain = example.plain()
    expectState(plain, expected.plain, "plain")
    for module in [model, plain] { expectClose(module(x), expected.evaluated, "result of \(module)") }
    #expect(plain.namedModules().allSatisfy { !"\($0.module)".contains("original") })
  }

  private static func expectClose(
    _ found: Tensor, _ expected: ModuleFixture.Array, within tolerance: Double = 1e-12, _ what: String
  ) {
    #expect(found.shape == expected.shape && "\(found.dtype)" == expected.dtype, "\(what)")
    for (a, b) in zip(found.array(of: Double.self), expected.data) {
      #expect(abs(a - b) <= tolerance * max(1, abs(b)), "\(what): \(a) instead of \(b)")
    }
  }

  private let x = Tensor.randn([3, 4], dtype: .float64, generator: RandomGenerator(seed: 2))

  private func checkDerivatives(of layer: some Layer) throws {
    let inputs = layer.parameters.map { $0.detached().cloned() } + [x]
    func run(_ tensors: [Tensor]) -> Tensor {
      layer.withWeights(Array(tensors.dropLast())) { layer(tensors.last ?? x) }
    }
    try checkGradients(of: run, at: inputs)
    try checkSecondGradients(of: run, at: inputs)
  }

  @Test func derivativesAreThoseOfDifferences() throws {
    func linear() -> Linear { Linear(4, 3, dtype: .float64, generator: RandomGenerator(seed: 3)) }
    try checkDerivatives(of: WeightNorm(linear()))
    try checkDerivatives(of: WeightNorm(linear(), along: nil))
    try checkDerivatives(of: SpectralNorm(linear()).evaluate())
    try checkDerivatives(of: WeightNorm(WeightNorm(linear()), parameter: "bias", along: nil))
  }

  @Test func severalCallsBeforeABackwardPassHaveTheirOwnVectors() throws {
    let layer = SpectralNorm(Linear(4, 3, dtype: .float64))
    let first = layer(x)
    let before = layer.leftVector.array(of: Double.self)
    let second = layer(x)
    #expect(layer.leftVector.array(of: Double.self) != before)
    try (first.sum() + second.sum()).backward()
    #expect(layer.parameters.allSatisfy { $0.grad != nil })
  }

  @Test func theSpectralNormBecomesOne() throws {
    // Not of any weights: with the two largest singular values close to each other the norm takes long.
    manualSeed(2)
    let layer = SpectralNorm(Linear(4, 3, bias: false, dtype: .float64))
    for _ in 0..<200 { _ = noGrad { layer(x) } }
    let weight = layer.withoutParametrization().weight.detached()
    // The largest eigenvalue of W · Wᵀ, by its powers.
    var power = weight.matmul(weight.transposed())
    for _ in 0..<10 { power = power.matmul(power) }
    let largest = power.diagonal().sum().item()
    #expect(abs(largest - 1) < 1e-9)
  }

  @Test func aRecurrentNetworksWeightsByName() throws {
    let network = WeightNorm(
      WeightNorm(LSTM(4, 2, bias: false), parameter: "weight_hh_l0"), parameter: "weight_ih_l0")
    let names = ["weight_hh_l0", "weight_ih_l0"].flatMap { name in
      ["original0", "original1"].map { "parametrizations.\(name).\($0)" }
    }
    #expect(network.namedParameters().map(\.name) == names)
    let (output, end) = network.withLayer { inner in
      inner.withLayer { $0(Tensor.ones([1, 3, 4]), state: nil) }
    }
    try (output.sum() + end.cell.sum()).backward()
    #expect(network.parameters.allSatisfy { $0.grad != nil })
  }

  @Test func theModeIsThatOfTheModule() {
    let layer = SpectralNorm(Linear(4, 3, dtype: .float64).evaluate())
    #expect(!layer.isTraining)
    let vector = layer.leftVector.array(of: Double.self)
    _ = layer(x)
    #expect(layer.leftVector.array(of: Double.self) == vector)
    layer.train()
    _ = layer(x)
    #expect(layer.leftVector.array(of: Double.self) != vector)
  }

  @Test func whatDoesNotFitTraps() async {
    let name = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = WeightNorm(Linear(2, 3), parameter: "weights")
    }
    expect(name, says: "WeightNorm: 'weights' is no parameter of Linear(")
    let vector = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = SpectralNorm(Linear(2, 3), parameter: "bias")
    }
    expect(vector, says: "SpectralNorm of 'bias' of shape [3]")
    let modules = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = SpectralNorm(Sequential(Linear(2, 3)))
    }
    expect(modules, says: "SpectralNorm of a Sequential, expected a layer")
  }
}
