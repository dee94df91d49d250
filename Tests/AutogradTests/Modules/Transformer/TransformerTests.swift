import Autograd
import TestSupport
import Testing

/// The encoder of a transformer, and attention's dropout, beyond the fixtures.
@Suite struct TransformerTests {
  private typealias Options = TransformerEncoderLayer.Options

  private let x = Tensor.arange(8).cast(to: .float64).sin().reshaped([1, 2, 4])

  private func expectClose(
    _ found: Tensor, _ expected: [Double], within tolerance: Double = 1e-11,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    #expect(found.count == expected.count, sourceLocation: sourceLocation)
    for (a, b) in zip(found.array(of: Double.self), expected) {
      #expect(abs(a - b) < tolerance, "\(a) instead of \(b)", sourceLocation: sourceLocation)
    }
  }

  /// `nn.TransformerEncoderLayer(4, 2, 6, dropout=0.4, batch_first=True).double()` after `torch.manual_seed(5)`, called
  /// after `torch.manual_seed(9)`.
  @Test func dropoutIsPyTorchs() {
    let generator = RandomGenerator(seed: 5)
    let layer = TransformerEncoderLayer(4, heads: 2, Options(feedForward: 6, dropout: 0.4), generator: generator)
    layer.convert(to: .float64)
    manualSeed(9)
    expectClose(
      layer(x),
      [
        0.303221529917, 1.491407401412, -0.705781163669, -1.08884776766, -0.823734845995, -0.619814146912,
        -0.25170773483, 1.695256727737,
      ])
    #expect(Tensor.rand([1]).item() == 0.006984233856201172)
    expectClose(
      layer.evaluate()(x),
      [
        -0.587992791038, 1.311216309683, 0.553095416254, -1.276318934899, -0.456228954225, -0.986383277476,
        -0.221643793124, 1.664256024825,
      ])
  }

  /// `nn.MultiheadAttention(4, 2, dropout=0.5, batch_first=True).double()`, and in evaluation, of one sequence to another.
  @Test func attentionsDropoutIsPyTorchs() {
    let attention = MultiHeadAttention(4, heads: 2, dropout: 0.5, generator: RandomGenerator(seed: 5))
    attention.convert(to: .float64)
    manualSeed(9)
    expectClose(
      attention(x),
      [
        0.28804526015, 0.537413173285, -0.422673470782, -0.206010446636, 0.223501489805, 0.404180504934,
        -0.145418768396, -0.224284945484,
      ])
    let query = Tensor.arange(4).cast(to: .float64).cos().reshaped([1, 4])
    attention.evaluate()
    expectClose(attention(query, x[0], x[0]), [0.197474088578, 0.125315317841, -0.095797493392, -0.073687596742])
    // F.scaled_dot_product_attention(x, x, x, dropout_p=0.5).
    manualSeed(9)
    expectClose(
      scaledDotProductAttention(x, x, x, dropout: 0.5),
      [
        0, 1.3115009512602895, 1.4172139762283864, 0.21994700726921462, -1.2341114861134463, -1.2529474903593085,
        -0.1198293502322198, 1.1234593418770098,
      ])
  }

  /// What is hidden from a place, by a mask or by order, does not change it.
  @Test(arguments: [false, true]) func hiddenPlaces(normFirst: Bool) throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let layer = TransformerEncoderLayer(4, heads: 2, Options(feedForward: 3, dropout: 0, normFirst: normFirst))
      let encoder = TransformerEncoder(layer, layers: 2, norm: LayerNorm([4])).to(device)
      let generator = RandomGenerator(seed: 1)
      let x = Tensor.randn([2, 3, 4], generator: generator).to(device)
      let last = Tensor.randn([2, 1, 4], generator: generator).to(device)
      let other = Tensor.concatenated([x[0..., 0..<2], last], dimension: 1)
      func first(_ y: Tensor) -> [Double] { y[0..., 0..<2].array(of: Double.self) }
      #expect(first(encoder(x)) != first(encoder(other)))
      #expect(first(encoder(x, mask: nil, isCausal: true)) == first(encoder(other, mask: nil, isCausal: true)))
      let isWord = Tensor([true, true, false]).reshaped([1, 1, 1, 3])
      #expect(first(encoder(x, mask: isWord)) == first(encoder(other, mask: isWord)))
    }
  }

  @Test func layersAreCopies() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let layer = TransformerEncoderLayer(4, heads: 2, Options(feedForward: 3), dtype: .float64).to(device)
      layer.linear1.freeze()
      layer.evaluate()
      let encoder = TransformerEncoder(layer, layers: 2)
      #expect(encoder.device == device && !encoder.layers[1].isTraining)
      for ((name, copy), original) in zip(encoder.layers[1].namedParameters(), layer.parameters) {
        #expect(copy.array(of: Double.self) == original.array(of: Double.self), "\(name)")
        #expect(copy.dtype == .float64 && copy.requiresGrad == original.requiresGrad && copy !== original, "\(name)")
      }
      try noGrad { try encoder.layers[0].linear2.weight.fill(0) }
      #expect(encoder.layers[1].linear2.weight.array(of: Double.self) == layer.linear2.weight.array(of: Double.self))
      #expect(encoder.namedParameters().count == 24)
    }
  }

  /// Nothing is dropped in evaluation, and PyTorch's defaults are there.
  @Test func defaults() {
    let options = Options()
    #expect(options.feedForward == 2048 && options.dropout == 0.1 && options.epsilon == 1e-5)
    #expect(options.activation == .relu && !options.normFirst && options.bias)
    let layer = TransformerEncoderLayer(4, heads: 2)
    #expect(layer.linear1.weight.shape == [2048, 4])
    #expect(layer(x.cast(to: .float32)).array(of: Float.self) != layer(x.cast(to: .float32)).array(of: Float.self))
    layer.evaluate()
    #expect(layer(x.cast(to: .float32)).array(of: Float.self) == layer(x.cast(to: .float32)).array(of: Float.self))
  }

  @Test func whatIsRefused() async {
    let hidden = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = TransformerEncoderLayer(4, heads: 2, TransformerEncoderLayer.Options(feedForward: 0))
    }
    expect(hidden, says: "TransformerEncoderLayer with 0 hidden values, expected at least 1")
    let layers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = TransformerEncoder(TransformerEncoderLayer(4, heads: 2), layers: 0)
    }
    expect(layers, says: "TransformerEncoder of 0 layers, expected at least 1")
  }

  @Test func copiesOfALayerAreInItsPartsModes() {
    let layer = TransformerEncoderLayer(4, heads: 2, Options(feedForward: 6))
    for (name, module) in layer.namedModules() where name == "norm1" || name == "self_attn" { module.evaluate() }
    let modes = layer.namedModules().map(\.module.isTraining)
    let encoder = TransformerEncoder(layer, layers: 1)
    #expect(Set(modes).count == 2)
    #expect(encoder.namedModules().filter { $0.name.hasPrefix("layers.0") }.map(\.module.isTraining) == modes)
  }
}
