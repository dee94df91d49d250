import Autograd
import TestSupport
import Testing

/// The decoder of a transformer, with numbers of PyTorch 2.15 in double precision.
@Suite struct TransformerDecoderTests {
  private typealias Options = TransformerDecoderLayer.Options

  private func expectClose(
    _ found: Tensor, _ expected: [Double], within tolerance: Double = 1e-10,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (a, b) in zip(found.array(of: Double.self), expected) {
      #expect(abs(a - b) < tolerance, "\(a) instead of \(b)", sourceLocation: sourceLocation)
    }
  }

  private func sine(_ shape: [Int]) -> Tensor {
    Tensor.arange(shape.reduce(1, *)).cast(to: .float64).sin().reshaped(shape)
  }

  private func cosine(_ shape: [Int]) -> Tensor {
    Tensor.arange(shape.reduce(1, *)).cast(to: .float64).cos().reshaped(shape)
  }

  /// `nn.TransformerDecoderLayer(4, 2, 6, dropout=0.4, batch_first=True).double()` after `torch.manual_seed(5)`, called
  /// after `torch.manual_seed(9)`, and in evaluation.
  @Test func initialValuesAndDropoutArePyTorchs() {
    let generator = RandomGenerator(seed: 5)
    let layer = TransformerDecoderLayer(4, heads: 2, Options(feedForward: 6, dropout: 0.4), generator: generator)
    layer.convert(to: .float64)
    let (x, memory) = (sine([1, 2, 4]), cosine([1, 3, 4]))
    manualSeed(9)
    expectClose(
      layer(x, memory: memory),
      [
        0.121916574629, 1.57764829812, -0.688747249681, -1.01081762307, -0.759449296466, -0.638910500791,
        -0.310101140527, 1.70846093778,
      ])
    #expect(Tensor.rand([1]).item() == 0.4042598605155945)
    layer.evaluate()
    expectClose(
      layer(x, memory: memory),
      [
        -1.33902237804, 1.02363515667, 0.902471460663, -0.587084239292, -0.116158496629, -1.22039884478,
        -0.227241418211, 1.56379875962,
      ])
    // One sequence without a batch.
    expectClose(layer(x[0], memory: memory[0]), layer(x, memory: memory).array(of: Double.self))
  }

  /// What `nn.TransformerDecoder` of two copies gives, and the gradients of its product with cosines.
  private struct Expected {
    let output: [Double]
    let ofInput: [Double]
    let ofMemory: [Double]
    /// The norms of the gradients of the first layer's parameters.
    let norms: [Double]
  }

  private static let normLast = Expected(
    output: [
      -1.39309305845, 1.4330736676, -0.0686261945378, 0.028645585385, 0.167065908712, -1.5470251756,
      0.130233742022, 1.24972552487, 1.65834450224, -1.02081998392, -0.366517017792, -0.271007500527,
      -1.29146779088, -0.637494451046, 1.14507481055, 0.783887431368,
    ],
    ofInput: [
      1.22174738692, -0.382030367008, 0.728863353556, -1.50813374584, -0.912906483349, 0.66305851674,
      0.167864371628, 0.0896234268666, 0.157293541626, -0.123575094571, -1.37060277478, 0.934184770464,
      -0.0222962362854, 0.210666547386, 0.311066776616, -0.499437087716,
    ],
    ofMemory: [
      -0.119484910419, -0.0592149009751, 0.101124684767, -0.603457731279, -0.074416261071, -0.00131206909892,
      0.0739361228571, 0.122607524802, 0, 0, 0, 0, -0.0457843009788, -0.0246446180304, -0.040838084309,
      -0.0231720468409, 0.00546992847184, -0.0661504679662, -0.0443466011724, -0.0604166769397, 0.0112655828491,
      -0.124642303545, -0.15758420241, -0.0112346888742,
    ],
    norms: [
      2.31273589253, 1.72811830982, 2.73914366712, 1.73004351685, 0.787136881511, 0.624391153677,
      0.544248546339, 0.914394982073, 2.57575454239, 0.794907913544, 2.79031526297, 0.828817128583,
      1.18596165239, 0.963078310089, 1.07549943111, 0.912907182872, 0.87295150786, 0.540499109807,
    ])

  /// With `gelu`, and a normalization at the end.
  private static let normFirst = Expected(
    output: [
      -1.31771551473, 0.280339384043, -0.388698038439, 1.42607416913, 0.218751532727, -1.68040963311,
      0.55749239892, 0.90416570146, -0.373219144905, -1.4164489474, 1.25034988218, 0.539318210131,
      -1.35227335637, -0.512385884975, 1.22415710791, 0.640502133442,
    ],
    ofInput: [
      -1.94389480669, 2.06780100109, 2.15098028785, -2.27488648225, -0.451252490957, 0.268549807941,
      -0.360084072183, 0.5427867552, 1.07208137812, -0.959136993379, -0.432219719096, 0.319275334353,
      -0.0421845558548, 0.216549180063, 0.306070428558, -0.480435052766,
    ],
    ofMemory: [
      -1.03405242345, 1.32346350428, -0.992747124988, 0.771229699699, -0.709278904418, 1.43096714247,
      -0.349730039763, 1.08131280136, 0, 0, 0, 0, 0.289797477411, -0.474814858333, 0.10630496714,
      -0.255434953562, 0.215513024396, -0.42500065288, 0.08940919213, -0.301486682875, 0.2201428219,
      -0.448611967531, 0.12291979426, -0.255297498374,
    ],
    norms: [
      4.99985726144, 1.77360328442, 7.98037839669, 3.45141159086, 1.87094154413, 2.24115195526, 1.73189036078,
      3.44291111965, 3.59822093494, 1.67778440358, 5.88882519244, 3.2192234838, 2.22675083131, 1.36814449339,
      0.0797646336876, 0.156284800276, 1.18107423583, 0.461972881027,
    ])

  /// Each place sees those up to itself that are no padding, and of the memory those that are none.
  @Test(arguments: [false, true]) func paddingAndOrder(normFirst: Bool) throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let options = Options(feedForward: 6, dropout: 0, activation: normFirst ? .gelu : .relu, normFirst: normFirst)
      let layer = TransformerDecoderLayer(4, heads: 2, options, generator: RandomGenerator(seed: 5))
      let decoder = TransformerDecoder(layer, layers: 2, norm: normFirst ? LayerNorm([4]) : nil)
      decoder.convert(to: .float64).to(device)
      let (x, memory) = (sine([2, 2, 4]).to(device), cosine([2, 3, 4]).to(device))
      x.requiresGrad = true
      memory.requiresGrad = true
      let isWord = Tensor([[true, true], [true, false]]).reshaped([2, 1, 1, 2]).to(device)
      let isInMemory = Tensor([[true, true, false], [true, true, true]]).reshaped([2, 1, 1, 3]).to(device)
      let output = decoder(x, memory: memory, mask: isWord, isCausal: true, memoryMask: isInMemory)
      try (output * cosine([2, 2, 4]).to(device)).sum().backward()
      let expected = normFirst ? Self.normFirst : Self.normLast
      expectClose(output, expected.output)
      expectClose(try #require(x.grad), expected.ofInput)
      expectClose(try #require(memory.grad), expected.ofMemory)
      let norms = try decoder.layers[0].parameters.map { try #require($0.grad).norm().item() }
      expectClose(Tensor(norms, dtype: .float64), expected.norms)
      #expect(
        decoder.layers[0].namedParameters().map(\.name).prefix(2) == [
          "self_attn.in_proj_weight", "self_attn.in_proj_bias",
        ])
      #expect(decoder.layers[0].namedParameters()[4].name == "multihead_attn.in_proj_weight")
    }
  }

  @Test func layersAreCopies() throws {
    let layer = TransformerDecoderLayer(4, heads: 2, Options(feedForward: 3), dtype: .float64)
    layer.linear1.freeze()
    layer.evaluate()
    let decoder = TransformerDecoder(layer, layers: 2)
    #expect(!decoder.layers[1].isTraining && decoder.namedParameters().count == 36)
    for ((name, copy), original) in zip(decoder.layers[1].namedParameters(), layer.parameters) {
      #expect(copy.array(of: Double.self) == original.array(of: Double.self), "\(name)")
      #expect(copy.requiresGrad == original.requiresGrad && copy !== original, "\(name)")
    }
  }

  @Test func whatIsRefused() async {
    let hidden = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = TransformerDecoderLayer(4, heads: 2, TransformerDecoderLayer.Options(feedForward: 0))
    }
    expect(hidden, says: "TransformerDecoderLayer with 0 hidden values, expected at least 1")
    let layers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = TransformerDecoder(TransformerDecoderLayer(4, heads: 2), layers: 0)
    }
    expect(layers, says: "TransformerDecoder of 0 layers, expected at least 1")
  }
}
