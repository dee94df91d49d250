import Autograd
import TestSupport
import Testing

/// `layers.json`: layers as PyTorch initializes them from a seed, and their results and gradients.
@Suite struct LayerFixtureTests {
  private struct File: Decodable {
    struct Layer: Decodable {
      let initial: [ModuleFixture.Entry]
      let input: ModuleFixture.Array
      let state: [ModuleFixture.Array]
      let lengths: [Int]?
      let output: ModuleFixture.Array
      let end: [ModuleFixture.Array]
      let input_gradient: ModuleFixture.Array
      let gradients: [ModuleFixture.Entry]
    }

    let layers: [String: Layer]
  }

  static let models: [String: @Sendable () -> Module] = [
    "lstm": { LSTM(3, 4) },
    "deep bidirectional lstm": { LSTM(3, 4, layers: 2, bidirectional: true) },
    "lstm without bias": { LSTM(2, 3, layers: 2, bias: false) },
    "gru": { GRU(3, 4) },
    "deep bidirectional gru": { GRU(3, 4, layers: 2, bidirectional: true) },
    "lstm of different lengths": { LSTM(3, 4) },
    "deep bidirectional lstm of different lengths": { LSTM(3, 4, layers: 2, bidirectional: true) },
    "gru of different lengths": { GRU(3, 4) },
    "deep bidirectional gru of different lengths": { GRU(3, 4, layers: 2, bidirectional: true) },
    "rnn": { RNN(3, 4) },
    "deep bidirectional rnn": { RNN(3, 4, layers: 2, activation: .relu, bidirectional: true) },
    "rnn of different lengths": { RNN(3, 4, activation: .relu, bias: false) },
    "deep bidirectional rnn of different lengths": { RNN(3, 4, layers: 2, bidirectional: true) },
    "rnn cell": { RNNCell(3, 4) },
    "rnn cell of one sequence": { RNNCell(3, 4, activation: .relu, bias: false) },
    "transposed convolution": { ConvTranspose2d(4, 6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2) },
    "convolution of a sequence": { Conv1d(4, 6, kernel: 3, stride: 2, padding: 1, groups: 2) },
    "groups": { Sequential(Conv2d(2, 4, kernel: 3), GroupNorm(2, 4), ReLU(), AdaptiveAvgPool2d(2)) },
    "root mean square": { Sequential(Linear(5, 4), RMSNorm([4])) },
    "enlarged": { Sequential(Upsample(scale: 2), Conv2d(2, 3, kernel: 3), MaxPool2d(2)) },
    "learned slopes": {
      Sequential(
        Conv2d(2, 3, kernel: 2), PReLU(3), PReLU(), Mish(), Flatten(), Linear(12, 4), ELU(alpha: 0.5),
        Softplus(beta: 2, threshold: 10), SELU(), LogSigmoid(), Hardswish(), ReLU6())
    },
    "transposed convolution of a sequence": {
      ConvTranspose1d(4, 6, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2)
    },
    "channels of each image": {
      Sequential(
        ReflectionPad2d(2), Conv2d(2, 3, kernel: 3), InstanceNorm2d(3, affine: true), ReplicationPad2d(1), ZeroPad2d(1),
        Conv2d(3, 2, kernel: 2), InstanceNorm2d(2))
    },
    "channels of one sequence": { InstanceNorm1d(3, affine: true) },
    "lstm cell": { LSTMCell(3, 4) },
    "lstm cell of one sequence": { LSTMCell(3, 4, bias: false) },
    "gru cell": { GRUCell(3, 4) },
    "gru cell of one sequence": { GRUCell(3, 4, bias: false) },
    "attention of one sequence": { MultiHeadAttention(6, heads: 2) },
    "encoder layer": { TransformerEncoderLayer(6, heads: 2, .init(feedForward: 5, dropout: 0)) },
    "encoder layer of one sequence": {
      TransformerEncoderLayer(
        4, heads: 2, .init(feedForward: 5, dropout: 0, activation: .gelu, normFirst: true, bias: false))
    },
    "encoder": {
      TransformerEncoder(
        TransformerEncoderLayer(4, heads: 1, .init(feedForward: 3, dropout: 0, epsilon: 1e-3)), layers: 2,
        norm: LayerNorm([4]))
    },
    "convolutions along one dimension": {
      Sequential(
        Conv2d(4, 6, kernel: (1, 5), stride: (1, 2), padding: (0, 3), dilation: (1, 2), groups: 2),
        MaxPool2d((3, 2), stride: (2, 1), padding: (1, 0), dilation: (1, 2)),
        ConvTranspose2d(
          6, 2, kernel: (2, 3), stride: (2, 3), padding: (0, 1), outputPadding: (1, 2), dilation: (2, 1)),
        AvgPool2d((1, 3), stride: (2, 1), padding: (0, 1)), AdaptiveAvgPool2d((2, 3)))
    },
    "volumes": {
      Sequential(
        Conv3d(2, 4, kernel: (3, 2, 1), stride: (2, 1, 1), padding: (1, 0, 2), groups: 2), BatchNorm(4), ReLU(),
        Conv3d(4, 3, kernel: 2, bias: false),
        MaxPool3d((2, 1, 3), stride: (1, 2, 2), padding: (1, 0, 1), roundsUp: true))
    },
    "pooled beyond the border": {
      Sequential(
        Conv2d(1, 2, kernel: 2), ReLU(), MaxPool2d(2, roundsUp: true),
        AvgPool2d((3, 2), stride: (2, 3), padding: (1, 0), roundsUp: true))
    },
    "pooled sequence beyond its end": {
      Sequential(
        Conv1d(2, 3, kernel: 2), AvgPool1d(3, stride: 2, padding: 1, roundsUp: true, countsPadding: false),
        MaxPool1d(3, stride: 2, roundsUp: true), AdaptiveMaxPool1d(3), AdaptiveAvgPool1d(2))
    },
    "means of volumes": {
      Sequential(
        Conv3d(1, 2, kernel: 2),
        AvgPool3d((1, 2, 3), stride: (1, 2, 1), padding: (0, 1, 1), countsPadding: false),
        MaxPool3d((2, 2, 2), stride: (1, 1, 1), dilation: (2, 1, 1)), AvgPool3d(2, stride: 1, divisor: 3),
        AdaptiveAvgPool3d((1, 2, 2)))
    },
    "shuffled": {
      Sequential(
        Conv2d(1, 8, kernel: 2), ChannelShuffle(4), PixelShuffle(2), AdaptiveMaxPool2d((6, 5)),
        AvgPool2d(3, stride: 1, padding: 1, countsPadding: false), Conv2d(2, 1, kernel: 1), PixelUnshuffle(1),
        AvgPool2d(2, divisor: 3))
    },
    "bilinear": { Bilinear(3, 3, 4) },
    "bilinear without bias": { Bilinear(3, 3, 2, bias: false) },
    "pooled sequence": { Sequential(Conv1d(2, 3, kernel: 2), MaxPool1d(2, padding: 1)) },
  ]

  @Test(arguments: models.keys.sorted(), [false, true]) func agreesWithPyTorch(name: String, inArena: Bool) throws {
    try Self.check(name, inArena: inArena, on: .cpu)
  }

  /// Runs a layer on a device.
  static func check(_ name: String, inArena: Bool, on device: Device) throws {
    let file: File = try Fixture.decode(from: "layers.json")
    #expect(Set(file.layers.keys) == Set(models.keys))
    let expected = try #require(file.layers[name])
    let make = try #require(models[name])
    manualSeed(5)
    let model = make()
    #expect(model.stateDictionary().map(\.name) == expected.initial.map(\.name))
    for (found, entry) in zip(model.stateDictionary(), expected.initial) {
      #expect(
        found.tensor.array(of: Float.self) == entry.tensor.data.map { Float($0) }, "initial \(found.name) of \(name)")
    }
    model.convert(to: .float64).to(device)
    let arena = inArena ? ParameterArena(model) : nil
    arena?.zeroGrad()
    let x = expected.input.tensor.to(device)
    x.requiresGrad = true
    let (output, end) = run(model, x, expected.state.map { $0.tensor.to(device) }, expected.lengths)
    expectClose(output, expected.output, "output of \(name)")
    for (found, wanted) in zip(end, expected.end) { expectClose(found, wanted, "end of \(name)") }
    #expect(end.count == expected.end.count)
    try end.reduce((output * output).sum()) { $0 + $1.sin().sum() }.backward()
    expectClose(try #require(x.grad), expected.input_gradient, "gradient of the input of \(name)")
    #expect(model.namedParameters().map(\.name) == expected.gradients.map(\.name))
    for ((_, parameter), entry) in zip(model.namedParameters(), expected.gradients) {
      expectClose(try #require(parameter.grad), entry.tensor, "gradient of \(entry.name) in \(name)")
    }
  }

  private static func run(
    _ model: Module, _ x: Tensor, _ state: [Tensor], _ lengths: [Int]?
  ) -> (output: Tensor, end: [Tensor]) {
    let cells = state.isEmpty ? nil : LSTM.State(hidden: state[0], cell: state[state.count - 1])
    switch model {
    case let cell as LSTMCell:
      let end = cell(x, state: cells)
      return (end.hidden, [end.cell])
    case let cell as GRUCell: return (cell(x, state: state.first), [])
    case let cell as RNNCell: return (cell(x, state: state.first), [])
    case let layer as Bilinear: return (layer(x, x.flipped([0])), [])
    case let network as LSTM:
      let (output, end) = lengths.map { network(x, lengths: $0, state: cells) } ?? network(x, state: cells)
      return (output, [end.hidden, end.cell])
    case let network as OutputStateNetwork:
      let (output, end) =
        lengths.map { network(x, lengths: $0, state: state.first) } ?? network(x, state: state.first)
      return (output, [end])
    case let layer as any Layer: return (layer(x), [])
    default: preconditionFailure("\(model) is not called by a tensor alone")
    }
  }

  private static func expectClose(_ found: Tensor, _ expected: ModuleFixture.Array, _ what: String) {
    #expect(found.shape == expected.shape && "\(found.dtype)" == expected.dtype, "\(what)")
    for (a, b) in zip(found.array(of: Double.self), expected.data) {
      #expect(abs(a - b) <= (found.device == .cpu ? 1e-12 : 1e-10) * max(1, abs(b)), "\(what): \(a) instead of \(b)")
    }
  }

  @Test func dropoutIsBetweenLayersAndWhileTrainingOnly() {
    let network = LSTM(2, 3, layers: 2, dropout: 1, generator: RandomGenerator(seed: 1))
    let x = Tensor.randn([2, 4, 2], generator: RandomGenerator(seed: 2))
    let other = Tensor.randn([2, 4, 2], generator: RandomGenerator(seed: 3))
    // The second layer sees nothing of the first.
    #expect(network(x).array(of: Float.self) == network(other).array(of: Float.self))
    network.evaluate()
    #expect(network(x).array(of: Float.self) != network(other).array(of: Float.self))
    #expect(network(x).array(of: Float.self) == network(x, state: nil).output.array(of: Float.self))
  }

  @Test func parametersOfRecurrentNetworksMove() {
    let network = GRU(2, 3)
    network.convert(to: .float64)
    #expect(network.parameters.count == 4 && network.parameters.allSatisfy { $0.dtype == .float64 })
    #expect(network.freeze().parameters.allSatisfy { !$0.requiresGrad })
  }
}
