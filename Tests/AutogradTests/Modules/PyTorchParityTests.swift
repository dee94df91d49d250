import Autograd
import Testing

/// Whole models against PyTorch: loaded from its state dictionary, trained for some steps, evaluated.
@Suite struct PyTorchParityTests {
  private final class Transformer: Module, Layer {
    let embedding = Embedding(7, 8, dtype: .float64)
    let norm1 = LayerNorm([8], dtype: .float64)
    let attention = MultiHeadAttention(8, heads: 2, dtype: .float64)
    let norm2 = LayerNorm([8], dtype: .float64)
    let feedForward = Sequential(Linear(8, 12, dtype: .float64), GELU(), Linear(12, 8, dtype: .float64))
    let head = Linear(8, 7, bias: false, dtype: .float64)

    func callAsFunction(_ x: Tensor) -> Tensor {
      var h = embedding(x)
      h = h + attention(norm1(h), mask: nil, isCausal: true)
      h = h + feedForward(norm2(h))
      return head(h)
    }
  }

  private final class Convolution: Module, Layer {
    let features = Sequential(
      Conv2d(1, 3, kernel: 3, padding: 1, bias: false, dtype: .float64), BatchNorm2d(3, dtype: .float64), ReLU(),
      AvgPool2d(2))
    let head = Sequential(
      Flatten(), Linear(12, 5, bias: false, dtype: .float64), BatchNorm1d(5, dtype: .float64),
      LeakyReLU(negativeSlope: 0.1),
      Linear(5, 3, dtype: .float64))

    func callAsFunction(_ x: Tensor) -> Tensor { head(features(x)) }
  }

  private func models() -> [(name: String, model: any Layer)] {
    [("transformer", Transformer()), ("convolution", Convolution())]
  }

  @Test(arguments: [false, true])
  func trainingAndEvaluation(inArena: Bool) throws {
    for (name, model) in models() {
      let fixture = try #require(ModuleFixture.all.models[name])
      #expect(model.stateDictionary().map(\.name) == fixture.state.map(\.name))
      let arena = inArena ? ParameterArena(model) : nil
      try model.load(stateDictionary: fixture.state.stateDictionary)
      let optimizer = AdamW(arena.map { [$0.flat] } ?? model.parameters, .init(learningRate: 0.05))
      for step in fixture.steps {
        if let arena { arena.zeroGrad() } else { optimizer.zeroGrad() }
        let output = model(step.input.tensor)
        expectClose(output, step.output, "output of \(name)")
        let rows = output.reshaped([-1, output.shape[output.rank - 1]])
        let loss = crossEntropy(rows, step.target.tensor)
        #expect(abs(loss.item() - step.loss) < 1e-10)
        try loss.backward()
        for entry in step.gradients ?? [] {
          let parameter = try #require(model.namedParameters().first { $0.name == entry.name }).parameter
          expectClose(try #require(parameter.grad), entry.tensor, "gradient of \(entry.name) in \(name)")
        }
        optimizer.step()
      }
      for (found, expected) in zip(model.stateDictionary(), fixture.final_state) {
        #expect(found.name == expected.name)
        expectClose(found.tensor, expected.tensor, "\(found.name) in \(name)")
      }
      model.evaluate()
      expectClose(model(fixture.evaluation.input.tensor), fixture.evaluation.output, "evaluation of \(name)")
      expectClose(model(fixture.evaluation.input.tensor), fixture.evaluation.output, "second evaluation of \(name)")
    }
  }

  @Test func attentionStartsAsPyTorchs() {
    let layer = MultiHeadAttention(4, heads: 2, generator: RandomGenerator(seed: 11))
    let state = layer.stateDictionary()
    #expect(state.map(\.name) == ModuleFixture.all.initial.map(\.name))
    for (found, expected) in zip(state, ModuleFixture.all.initial) {
      #expect(found.tensor.array(of: Float.self) == expected.tensor.data.map { Float($0) }, "\(found.name)")
    }
  }

  @Test func attentionToAnotherSequence() throws {
    let fixture = ModuleFixture.all.cross
    let layer = MultiHeadAttention(4, heads: 2)
    try layer.load(stateDictionary: ModuleFixture.all.initial.stateDictionary)
    let keys = fixture.keys.tensor
    let visible = Tensor(fixture.hidden.data.map { $0 == 0 }, shape: fixture.hidden.shape)
    expectClose(layer(fixture.queries.tensor, keys, keys * 2, mask: visible), fixture.output, "attention", 1e-6)
  }

  @Test func secondDerivativesOfModules() throws {
    let generator = RandomGenerator(seed: 1)
    let attention = MultiHeadAttention(4, heads: 2, dtype: .float64, generator: generator)
    let norm = LayerNorm([4], dtype: .float64)
    let batchNorm = BatchNorm1d(4, dtype: .float64)
    let linear = Linear(4, 3, dtype: .float64, generator: generator)
    let sequence = Tensor.randn([1, 3, 4], dtype: .float64, generator: generator)
    let batch = Tensor.randn([5, 4], dtype: .float64, generator: generator)
    let cases: [(input: Tensor, function: (Tensor) -> Tensor)] = [
      (sequence, { attention(norm($0), mask: nil, isCausal: true) }), (batch, { linear(batchNorm($0)).tanh() }),
      (batch, { linear($0).gelu().softmax(-1) }),
    ]
    for (input, function) in cases {
      try checkGradients(of: { function($0[0]) }, at: [input])
      try checkSecondGradients(of: { function($0[0]) }, at: [input])
    }
  }

  private func expectClose(
    _ found: Tensor, _ expected: ModuleFixture.Array, _ what: String, _ tolerance: Double = 1e-10
  ) {
    #expect(found.shape == expected.shape && "\(found.dtype)" == expected.dtype, "\(what)")
    for (a, b) in zip(found.array(of: Double.self), expected.data) {
      #expect(abs(a - b) <= tolerance * max(1, abs(b)), "\(what): \(a) instead of \(b)")
    }
  }
}
