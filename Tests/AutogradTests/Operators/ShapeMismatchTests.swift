import Autograd
import Foundation
import Testing

/// Shapes that do not fit end the program with a message that names them, in optimized builds too.
@Suite struct ShapeMismatchTests {
  @Test func arithmetic() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]) + Tensor.ones([4])
    }
    expect(result, says: "[2, 3]", "[4]")
  }

  @Test func poolingOfNoPixels() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3, 0, 5]).maxPool2d((2, 2), padding: (1, 1))
    }
    expect(result, says: "maxPool2d needs shape [N, C, H, W] with pixels, not [2, 3, 0, 5]")
  }

  @Test func crossEntropyOfNoClasses() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.ones([2, 0]), Tensor([7, 7]), ignoringTarget: 7)
    }
    expect(result, says: "at least one class", "[2, 0]")
  }

  @Test func matrixProduct() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).matmul(.ones([4, 5]))
    }
    expect(result, says: "[2, 3]", "[4, 5]")
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

  @Test func whatNeedsRealNumbersOrNonnegativeOnes() async {
    let softmax = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, 2]).softmax(0)
    }
    expect(softmax, says: "softmax is not defined for tensors of int64")
    let power = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, 2]).pow(-1)
    }
    expect(power, says: "int64 to the power of -1.0")
    let steps = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.arange(0..<5, step: 0)
    }
    expect(steps, says: "arange over 0..<5 in steps of 0, expected at least 1")
    let endless = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.arange(from: 0, to: .infinity, step: 1)
    }
    expect(endless, says: "arange from 0.0 to inf in steps of 1.0")
  }

  @Test func gradientsThatNobodyComputes() async {
    let kept = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor([1.0]).retainGrad()
    }
    expect(kept, says: "retainGrad of a tensor of shape [1]")
    let weighted = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let weight = Tensor([1.0, 2], requiresGrad: true)
      _ = crossEntropy(.ones([1, 2]), Tensor([0]), weight: weight)
    }
    expect(weighted, says: "crossEntropy: a weight that requires gradients gets none")
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

  @Test func sizesThatNoMemoryHolds() async {
    let classes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1]).oneHot(.max)
    }
    expect(classes, says: "shape [9223372036854775807] has more than 72057594037927936 elements")
    let numbers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.arange(1 << 50)
    }
    expect(numbers, says: "there is no memory for 9007199254740992 bytes")
    let line = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.linspace(from: 0, to: 1, count: .max)
    }
    expect(line, says: "shape [9223372036854775807] has more than")
    let copies = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0, 2]).elementsRepeated(.max, along: 0)
    }
    expect(copies, says: "shape [2, 9223372036854775807] has more than")
  }

  @Test func classesThatAreNone() async {
    let oneHot = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([0, 3]).oneHot(3)
    }
    expect(oneHot, says: "3 is none of 3 classes")
    let fewer = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([0], dtype: .int64).oneHot(-1)
    }
    expect(fewer, says: "oneHot of -1 classes")
    let weights = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([0.5, -1]).multinomial(1)
    }
    expect(weights, says: "weight 1 is -1.0")
    let probabilities = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.ones([2, 3]), Tensor.ones([2]))
    }
    expect(probabilities, says: "[2, 3] in float32", "probabilities [2] in float32")
    let places = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.ones([2, 3, 4]), Tensor.zeros([2, 3], dtype: .int64))
    }
    expect(places, says: "[2, 3, 4]", "targets [2, 3]")
  }

  @Test func kernelLargerThanTheImage() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 1, 4, 5]).averagePool2d((6, 6))
    }
    expect(result, says: "(6, 6)", "4 × 5")
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
  }

  @Test func matrices() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).matrixExponential()
    }
    expect(result, says: "matrixExponential of shape [2, 3], expected [..., n, n]")
  }

  @Test func concatenation() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.concatenated([.ones([2, 3]), .ones([2, 4])])
    }
    expect(result, says: "[2, 3]", "[2, 4]")
  }

  @Test func stacking() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.stacked([.ones([2, 3]), .ones([2])])
    }
    expect(result, says: "[2, 3]", "[2]")
  }

  @Test func slice() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3])[0..<2, -1..<2]
    }
    expect(result, says: "-1..<2", "[2, 3]")
  }

  @Test func index() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3])[-3]
    }
    expect(result, says: "-3", "[2, 3]")
  }

  @Test func indexFromATensor() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).embedding(Tensor([0, 2]))
    }
    expect(result, says: "index 2", "[2, 3]")
  }

  @Test func gather() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).gathered(.zeros([3, 1], dtype: .int64), along: 1)
    }
    expect(result, says: "[2, 3]", "[3, 1]")
  }

  @Test func maximumOfNothing() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([0, 3]).maximum(along: 0)
    }
    expect(result, says: "dimension 0", "[0, 3]")
    let whole = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([0, 3]).maximum()
    }
    expect(whole, says: "empty")
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

  @Test func losses() async {
    let squares = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = meanSquaredError(.ones([2, 3]), .ones([3]))
    }
    expect(squares, says: "[2, 3]", "[3]")
    let distances = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = smoothL1Loss(.ones([2, 3]), .ones([3]))
    }
    expect(distances, says: "smoothL1Loss", "[2, 3]", "[3]")
    let logits = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = binaryCrossEntropyWithLogits(.ones([2, 3]), .ones([2]))
    }
    expect(logits, says: "[2, 3]", "[2]")
    let probability = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = binaryCrossEntropy(.full([2], 1.5), .ones([2]))
    }
    expect(probability, says: "1.5", "0...1")
  }

  @Test func classLabels() async {
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.ones([2, 3]), Tensor([0, 1, 2]))
    }
    expect(shapes, says: "[2, 3]", "[3]")
    let label = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = negativeLogLikelihood(.ones([2, 3]), Tensor([0, 3]))
    }
    expect(label, says: "target 3 of row 1", "3 classes")
    let weight = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.ones([2, 3]), Tensor([0, 1]), weight: .ones([2]))
    }
    expect(weight, says: "weight [2]", "3 classes")
  }

  @Test func weightOfAnotherType() async {
    let linear = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3], dtype: .float64).linear(.ones([5, 3]))
    }
    expect(linear, says: "linear of float64 with weight of float32")
    let bias = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).linear(.ones([5, 3]), bias: .ones([5], dtype: .float64))
    }
    expect(bias, says: "bias of float64")
    let convolution = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 1, 4, 4], dtype: .float64).conv2d(.ones([1, 1, 3, 3]))
    }
    expect(convolution, says: "conv2d of float64 with weight of float32")
  }

  @Test func moreElementsThanCanBeCounted() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([1 << 40, 1 << 40])
    }
    expect(result, says: "[1099511627776, 1099511627776]")
    let empty = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.zeros([0, 1 << 40, 1 << 40])
    }
    expect(empty, says: "[0, 1099511627776, 1099511627776]")
  }

  @Test func changeInPlaceToAnotherKindOfNumber() async {
    let sum = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Tensor([1, 2]) += Tensor([0.5, 0.5])
    }
    expect(sum, says: "int64 and float32 would give float32")
    let quotient = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      try Tensor([1, 2]) /= Tensor(2)
    }
    expect(quotient, says: "int64 and int64 would give float32")
  }

  @Test func labelSmoothingBeyondOne() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = crossEntropy(.ones([1, 3]), Tensor([0]), labelSmoothing: 1.5)
    }
    expect(result, says: "1.5", "0...1")
  }

  @Test func valueBeyondTheType() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.full([2], 256, dtype: .uint8)
    }
    expect(result, says: "256.0", "uint8")
  }
}
