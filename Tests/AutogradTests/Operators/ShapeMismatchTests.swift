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
