import Autograd
import TestSupport
import Testing

/// Layers of images and sequences beyond the fixtures: dropped channels, rows that are not trained, borders.
@Suite struct ChannelLayerTests {
  /// `F.dropout2d(torch.ones(2, 3, 2, 1), 0.4)`, then `torch.rand(1)`, after `torch.manual_seed(3)`.
  @Test(arguments: [DataType.float32, .float64]) func channelsAreDroppedAsInPyTorch(dtype: DataType) throws {
    let generator = RandomGenerator(seed: 3)
    let layer = Dropout2d(0.4, generator: generator)
    let x = Tensor.ones([2, 3, 2, 1], dtype: dtype, requiresGrad: true)
    let y = layer(x)
    let kept = 1 / 0.6
    let expected = [kept, kept, kept, kept, 0, 0, kept, kept, 0, 0, 0, 0]
    for (a, b) in zip(y.array(of: Double.self), expected) { #expect(abs(a - b) < 1e-6) }
    try y.sum().backward()
    #expect(x.grad?.array(of: Double.self) == y.array(of: Double.self))
    #expect(Tensor.rand([1], generator: generator).item() == 0.14984089136123657)
    #expect(layer.evaluate()(x) === x)
  }

  @Test func sequencesAndVolumesLoseTheSameChannelsAsImages() {
    let x = Tensor.ones([2, 3, 4], dtype: .float64)
    let generators = (0..<3).map { _ in RandomGenerator(seed: 3) }
    let ofSequences = Dropout1d(0.4, generator: generators[0])(x).array(of: Double.self)
    let ofImages = Dropout2d(0.4, generator: generators[1])(x.reshaped([2, 3, 2, 2])).array(of: Double.self)
    let ofVolumes = Dropout3d(0.4, generator: generators[2])(x.reshaped([2, 3, 2, 1, 2])).array(of: Double.self)
    #expect(Set(ofImages).count == 2 && ofSequences == ofImages && ofVolumes == ofImages)
  }

  @Test func channelsAreDroppedAsAWholeOnAGPU() throws {
    let x = Tensor.ones([40, 50, 3, 2]).to(try EmulatedGPU.device())
    x.requiresGrad = true
    let y = x.channelDropout(probability: 0.25, generator: RandomGenerator(seed: 5))
    let channels = y.reshaped([2000, 6]).array(of: Float.self)
    let rows = (0..<2000).map { Set(channels[$0 * 6..<$0 * 6 + 6]) }
    #expect(rows.allSatisfy { $0 == [0] || $0 == [1 / 0.75] })
    // Within five standard deviations of a quarter.
    #expect(abs(rows.count { $0 == [0] } - 500) < 97)
    try y.sum().backward()
    #expect(x.grad?.array(of: Float.self) == y.array(of: Float.self))
    #expect(x.channelDropout(probability: 1).array(of: Float.self).allSatisfy { $0 == 0 })
  }

  /// `nn.Embedding(4, 2, padding_idx=-1)` after `torch.manual_seed(3)`.
  @Test func theVectorOfThePaddingIndexIsZeroAndStaysSo() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let table = Embedding(4, 2, paddingIndex: -1, generator: RandomGenerator(seed: 3)).to(device)
      let drawn: [Float] = [0.80327606, 0.17483339, 0.0889781, -0.61371803, 0.04618245, -1.3682592, 0, 0]
      #expect(table.weight.array(of: Float.self) == drawn)
      try table(Tensor([[3, 0], [3, 0]]).to(device)).sum().backward()
      #expect(table.weight.grad?.array(of: Float.self) == [2, 2, 0, 0, 0, 0, 0, 0])
    }
  }

  @Test func theVectorOfThePaddingIndexHasNoSecondDerivative() throws {
    let table = Tensor([[1.0, 2], [3, 4]], dtype: .float64)
    table.requiresGrad = true
    let y = table.embedding(Tensor([0, 1, 1]), paddingIndex: 0)
    let gradient = try gradients(of: (y * y * y).sum(), withRespectTo: [table], createGraph: true)[0]
    #expect(gradient.array(of: Double.self) == [0, 0, 54, 96])
    try gradient.sum().backward()
    #expect(table.grad?.array(of: Double.self) == [0, 0, 36, 48])
  }

  @Test func emptyBatches() {
    let images = Tensor.ones([0, 4, 3, 3], requiresGrad: true), sequences = Tensor.ones([0, 4, 3])
    #expect(images.instanceNorm(weight: .ones([4]), bias: .ones([4])).shape == [0, 4, 3, 3])
    #expect(images.channelDropout(probability: 0.5).shape == [0, 4, 3, 3])
    #expect(images.padded([(1, 1), (2, 0)], by: .reflect).shape == [0, 4, 5, 5])
    #expect(images.padded([(1, 1), (2, 0)], by: .replicate).shape == [0, 4, 5, 5])
    #expect(images.padded([(-1, -2)]).shape == [0, 4, 3, 0])
    #expect(sequences.convTranspose1d(.ones([4, 2, 2]), stride: 2).shape == [0, 2, 6])
  }

  @Test func bordersOfIntegers() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let x = Tensor([1, 2, 3]).to(device)
      #expect(x.padded([(2, 1)], by: .reflect).array(of: Int.self) == [3, 2, 1, 2, 3, 2])
      #expect(x.padded([(2, 1)], by: .replicate).array(of: Int.self) == [1, 1, 1, 2, 3, 3])
      #expect(x.padded([(2, 1)], by: .circular).array(of: Int.self) == [2, 3, 1, 2, 3, 1])
      #expect(x.padded([(-1, 2)], value: 7).array(of: Int.self) == [2, 3, 7, 7])
    }
  }

  @Test func bordersThatCannotBe() async {
    let reflected = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ReflectionPad2d(2)(.ones([1, 1, 3, 2]))
    }
    expect(reflected, says: "padded by (2, 2) along dimension 3 of shape [1, 1, 7, 2]: reflect continues it by up to 1")
    let circular = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2]).padded([(3, 0)], by: .circular)
    }
    expect(circular, says: "padded by (3, 0) along dimension 0 of shape [2]: circular continues it by up to 2")
    let nothing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([0]).padded([(1, 0)], by: .replicate)
    }
    expect(nothing, says: "padded by (1, 0) along dimension 0 of shape [0]: replicate continues it by up to 0")
    let negative = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2]).padded([(-1, 0)], by: .replicate)
    }
    expect(negative, says: "padded by [(-1, 0)] of shape [2]: needs widths from 0 on")
    let tooMuch = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).padded([(-2, -2)])
    }
    expect(tooMuch, says: "padded by [(-2, -2)] of shape [2, 3]")
    let layers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ReflectionPad2d(-1)
    }
    expect(layers, says: "ReflectionPad2d of -1 rows, expected 0 or more")
    let replicated = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = ReplicationPad2d(-1)
    }
    expect(replicated, says: "ReplicationPad2d of -1 rows, expected 0 or more")
  }

  @Test func normalizationAndDropoutOfOtherShapes() async {
    let single = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3, 1, 1]).instanceNorm()
    }
    expect(single, says: "instanceNorm of shape [2, 3, 1, 1]: needs [N, C, …] with more than one element")
    let channels = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = InstanceNorm2d(3)(.ones([2, 4, 5, 5]))
    }
    expect(
      channels, says: "InstanceNorm2d: shape [2, 4, 5, 5], expected 4 dimensions, or 3 of one sample, with 3 channels")
    let rank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = InstanceNorm1d(3)(.ones([3]))
    }
    expect(rank, says: "InstanceNorm1d: shape [3], expected 3 dimensions, or 2 of one sample, with 3 channels")
    let vector = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2]).channelDropout(probability: 0.5)
    }
    expect(vector, says: "channelDropout of shape [2], expected [N, C, …] of at least 3 dimensions")
    let certainty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3, 4]).channelDropout(probability: -0.5, training: false)
    }
    expect(certainty, says: "channelDropout with a probability of -0.5, which is not in 0...1")
    let probability = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Dropout2d(1.5)
    }
    expect(probability, says: "Dropout2d with a probability of 1.5, which is not in 0...1")
    let images = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Dropout2d()(.ones([2, 3, 4]))
    }
    expect(images, says: "Dropout2d: shape [2, 3, 4], expected [N, C, H, W]")
    let volumes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Dropout3d()(.ones([2, 3, 4, 5]))
    }
    expect(volumes, says: "Dropout3d: shape [2, 3, 4, 5], expected [N, C, D, H, W]")
    let sequence = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 3, 8]).convTranspose1d(.ones([4, 2, 3]))
    }
    expect(sequence, says: "convTranspose1d of shape [1, 3, 8] with weight [4, 2, 3]")
    let outputPadding = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 4, 8]).convTranspose1d(.ones([4, 2, 3]), stride: 2, outputPadding: 2)
    }
    expect(
      outputPadding, says: "convTranspose1d: an output padding of (0, 2), which must be less than the stride (1, 2)")
    let type = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 4, 8]).convTranspose1d(Tensor.ones([4, 2, 3]).cast(to: .float64))
    }
    expect(type, says: "convTranspose1d of float32 with weight of float64")
    let padding = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Embedding(3, 2, paddingIndex: 3)
    }
    expect(padding, says: "Embedding of 3 vectors with a padding index of 3, which is none of them")
    let row = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([3, 2]).embedding(Tensor([0]), paddingIndex: -1)
    }
    expect(row, says: "embedding with a padding index of -1, which is no row of the table of shape [3, 2]")
  }
}
