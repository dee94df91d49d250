import Autograd
import Testing

/// What layers say of shapes that do not fit.
@Suite struct LayerShapeMismatchTests {
  @Test func poolingOfNoPixels() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3, 0, 5]).maxPool2d((2, 2), padding: (1, 1))
    }
    expect(result, says: "maxPool2d needs shape [N, C, H, W] with pixels, not [2, 3, 0, 5]")
  }

  @Test func linear() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).linear(.ones([5, 4]))
    }
    expect(result, says: "[2, 3]", "[5, 4]")
  }

  @Test func convolution() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 3, 8, 8]).conv2d(.ones([4, 2, 3, 3]))
    }
    expect(result, says: "[1, 3, 8, 8]", "[4, 2, 3, 3]")
  }

  @Test func transposedConvolution() async {
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 3, 8, 8]).convTranspose2d(.ones([4, 2, 3, 3]))
    }
    expect(shapes, says: "[1, 3, 8, 8]", "[4, 2, 3, 3]")
    let padding = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 3, 8, 8]).convTranspose2d(.ones([3, 2, 3, 3]), stride: (2, 2), outputPadding: (2, 0))
    }
    expect(padding, says: "output padding of (2, 0)", "stride (2, 2)")
    let nothing = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 3, 1, 1]).convTranspose2d(.ones([3, 2, 3, 3]), padding: (2, 1))
    }
    expect(nothing, says: "1 × 1", "leaves -1 × 1")
    let bias = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 4, 2, 2]).convTranspose2d(.ones([4, 3, 1, 1]), bias: .ones([3]), groups: 2)
    }
    expect(bias, says: "[3]", "must be [6]")
  }

  @Test func convolutionOfASequence() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 3, 8, 8]).conv1d(.ones([4, 3, 3]))
    }
    expect(result, says: "conv1d", "[1, 3, 8, 8]", "[4, 3, 3]")
    let long = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Conv1d(3, 4, kernel: 5)(.ones([1, 3, 4]))
    }
    expect(long, says: "conv1d: a kernel of 5 with stride 1 and dilation 1 does not fit a sequence of 4 with padding 0")
    let pooled = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = MaxPool1d(3)(.ones([1, 3, 2]))
    }
    expect(pooled, says: "MaxPool1d: a kernel of 3 with padding 0 does not fit shape [1, 3, 2]")
  }

  @Test func groupsThatDoNotDivideTheChannels() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 5, 3]).groupNorm(2)
    }
    expect(result, says: "[2, 5, 3]", "2 groups")
    let layer = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) { _ = GroupNorm(3, 4) }
    expect(layer, says: "3 groups do not divide 4 channels")
  }

  @Test func recurrentNetworks() async {
    let input = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LSTM(3, 4)(.ones([2, 5, 2]))
    }
    expect(input, says: "LSTM: shape [2, 5, 2], expected [N, L, 3]")
    let state = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = GRU(3, 4, layers: 2)(.ones([2, 5, 3]), state: .ones([1, 2, 4]))
    }
    expect(state, says: "GRU: a state of shape [1, 2, 4] in float32 on cpu, expected [2, 2, 4] in float32 on cpu")
    let type = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = LSTM(3, 4)(.ones([2, 5, 3], dtype: .float64))
    }
    expect(type, says: "LSTM: an input of float64 with parameters of float32")
    let layers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = GRU(3, 4, layers: 0)
    }
    expect(layers, says: "in 0 layers", "must be positive")
  }

  @Test func attentionWithAMaskOfMoreThanItsProducts() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = scaledDotProductAttention(
        .ones([4, 5]), .ones([6, 5]), .ones([6, 5]), mask: .ones([2, 4, 6]), dropout: 0.5)
    }
    expect(
      result, says: "attention with a mask of shape [2, 4, 6], which does not broadcast to [..., L, S], here [4, 6]")
  }

  @Test func attentionWithAMaskOfIntegers() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor.ones([2, 4])
      _ = scaledDotProductAttention(x, x, x, mask: Tensor([[1, 0], [1, 1]]))
    }
    expect(result, says: "a mask of int64", "needs bool, or float32")
    let batches = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = MultiHeadAttention(4, heads: 2)(.ones([2, 3, 4]), .ones([3, 3, 4]), .ones([3, 3, 4]))
    }
    expect(batches, says: "queries [2, 3, 4], keys [3, 3, 4]")
  }

  @Test func attentionOfOtherShapes() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = MultiHeadAttention(4, heads: 2)(.ones([3, 5]))
    }
    expect(result, says: "MultiHeadAttention: shape [3, 5], expected [N, L, embedding of 4], or one sequence without N")
    let mixed = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = MultiHeadAttention(4, heads: 2)(.ones([3, 4]), .ones([1, 3, 4]), .ones([1, 3, 4]))
    }
    expect(mixed, says: "queries [3, 4], keys [1, 3, 4] and values [1, 3, 4] of several batches")
    let dropout = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = MultiHeadAttention(4, heads: 2, dropout: 1.5)
    }
    expect(dropout, says: "MultiHeadAttention with dropout of 1.5, which is not in 0...1")
  }

  @Test func kernelLargerThanTheImage() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 1, 4, 5]).averagePool2d((6, 6))
    }
    expect(result, says: "(6, 6)", "4 × 5")
  }

  @Test func shuffledChannels() async {
    let pixels = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 6, 4, 5]).pixelShuffled(2)
    }
    expect(pixels, says: "pixelShuffled by 2 of shape [1, 6, 4, 5]: needs shape [..., C · 2², H, W]")
    let rows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 6, 4, 5]).pixelUnshuffled(2)
    }
    expect(rows, says: "pixelUnshuffled by 2 of shape [1, 6, 4, 5]: needs shape [..., C, 2 · H, 2 · W]")
    let groups = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 6, 4, 5]).channelsShuffled(4)
    }
    expect(groups, says: "channelsShuffled of shape [1, 6, 4, 5] in 4 group(s)")
  }

  @Test func bilinear() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Bilinear(3, 4, 2)(.ones([5, 3]), .ones([5, 3]))
    }
    expect(result, says: "Bilinear of shapes [5, 3] and [5, 3] with weight [2, 3, 4]")
  }

  @Test func adaptivePooling() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 1, 4, 5]).adaptiveMaxPool2d((2, 0))
    }
    expect(result, says: "adaptiveMaxPool2d to (2, 0) of shape [1, 1, 4, 5]: needs")
  }

  @Test func volumes() async {
    let weight = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 2, 3, 4, 5]).conv3d(.ones([2, 3, 1, 1, 1]))
    }
    expect(weight, says: "conv3d of shape [1, 2, 3, 4, 5] with weight [2, 3, 1, 1, 1] in 1 group(s): needs")
    let depth = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 2, 3, 4, 5]).conv3d(.ones([2, 2, 3, 1, 1]), dilation: (2, 1, 1))
    }
    expect(
      depth, says: "conv3d: a kernel of 3 slices with stride 1 and dilation 2 does not fit a volume of 3 with padding 0"
    )
    let pooled = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3, 4, 5]).maxPool3d((1, 2, 2))
    }
    expect(pooled, says: "maxPool3d needs shape [N, C, D, H, W], not [2, 3, 4, 5]")
    let averaged = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 2, 3, 4, 5]).averagePool3d((1, 2, 2), divisor: 0)
    }
    expect(averaged, says: "averagePool2d: a divisor of 0")
  }

  @Test func normalization() async {
    let rows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).layerNorm([4])
    }
    expect(rows, says: "[2, 3]", "[4]")
    let channels = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).batchNorm(weight: .ones([2]))
    }
    expect(channels, says: "[2, 3]", "[2]")
    let single = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 3]).batchNorm()
    }
    expect(single, says: "[1, 3]", "single value")
  }

  @Test func attention() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = scaledDotProductAttention(.ones([5, 4]), .ones([6, 3]), .ones([6, 4]))
    }
    expect(result, says: "[5, 4]", "[6, 3]", "[6, 4]")
  }
}
