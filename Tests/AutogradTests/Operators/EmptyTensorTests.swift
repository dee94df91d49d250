import Autograd
import Testing

/// Tensors without elements, or with one, as in PyTorch.
@Suite struct EmptyTensorTests {
  private let empty = Tensor.zeros([0, 3], requiresGrad: true)

  private func isUndefined(_ tensor: Tensor) -> Bool { tensor.array(of: Float.self).allSatisfy(\.isNaN) }

  @Test func reductions() throws {
    #expect(empty.sum().item() == 0)
    #expect(empty.mean().item().isNaN)
    #expect(empty.sum([0]).array(of: Float.self) == [0, 0, 0])
    #expect(isUndefined(empty.mean([0])))
    #expect(empty.sum([1]).shape == [0])
    #expect(empty.variance().item().isNaN)
    #expect(isUndefined(empty.standardDeviation([0])))
    #expect(empty.maximum(along: 1).values.shape == [0])
    #expect(empty.logSumExp(0).array(of: Float.self) == [-Float.infinity, -Float.infinity, -Float.infinity])
    #expect(empty.softmax(0).shape == [0, 3] && empty.softmax(1).shape == [0, 3])
    #expect(empty.logSoftmax(0).shape == [0, 3])
    #expect(empty.cumulativeSum(0).shape == [0, 3] && empty.sorted(along: 0).indices.shape == [0, 3])
    try empty.sum().backward()
    #expect(empty.grad?.shape == [0, 3])
  }

  @Test func products() {
    #expect(Tensor.ones([2, 0]).matmul(.ones([0, 3])).array(of: Float.self) == [0, 0, 0, 0, 0, 0])
    #expect(Tensor.ones([0, 3]).matmul(.ones([3, 2])).shape == [0, 2])
    #expect(Tensor.ones([2, 0]).linear(.ones([2, 0]), bias: .ones([2])).array(of: Float.self) == [1, 1, 1, 1])
    #expect(Tensor.ones([0, 2, 3]).matmul(.ones([0, 3, 2])).shape == [0, 2, 2])
  }

  @Test func emptyBatchesOfImages() throws {
    let images = Tensor.ones([0, 1, 4, 4], requiresGrad: true)
    let weight = Tensor.ones([2, 1, 3, 3], requiresGrad: true)
    let bias = Tensor.ones([2], requiresGrad: true)
    let y = images.conv2d(weight, bias: bias).relu()
    #expect(y.shape == [0, 2, 2, 2])
    try y.sum().backward()
    #expect(weight.grad?.array(of: Float.self) == Array(repeating: 0, count: 18))
    #expect(bias.grad?.array(of: Float.self) == [0, 0] && images.grad?.shape == [0, 1, 4, 4])
    #expect(images.maxPool2d((2, 2)).shape == [0, 1, 2, 2] && images.averagePool2d((2, 2)).shape == [0, 1, 2, 2])
  }

  @Test func emptyBatchesThroughOtherLayers() {
    let images = Tensor.ones([0, 4, 3, 3], requiresGrad: true)
    #expect(images.convTranspose2d(.ones([4, 2, 2, 2]), bias: .ones([2]), stride: (2, 2)).shape == [0, 2, 6, 6])
    #expect(images.groupNorm(2, weight: .ones([4]), bias: .ones([4])).shape == [0, 4, 3, 3])
    #expect(images.rmsNorm([3], weight: .ones([3])).shape == [0, 4, 3, 3])
    #expect(images.adaptiveAveragePool2d((2, 2)).shape == [0, 4, 2, 2])
    #expect(images.resized(to: (4, 5)).shape == [0, 4, 4, 5])
    #expect(images.resized(to: (4, 5), by: .bilinear()).shape == [0, 4, 4, 5])
    #expect(LSTM(2, 3, layers: 2, bidirectional: true)(.ones([0, 4, 2])).shape == [0, 4, 6])
    #expect(GRU(2, 3)(.ones([0, 4, 2])).shape == [0, 4, 3])
    #expect(Tensor.zeros([0, 3]).multinomial(2).shape == [0, 2])
  }

  /// As in PyTorch, of more than one sample: a value is the mean of its group.
  @Test func groupsOfOneValue() throws {
    for shape in [[2, 4], [3, 4, 1, 1]] {
      let x = Tensor.randn(shape, requiresGrad: true, generator: RandomGenerator(seed: 1))
      let bias = Tensor([1.0, 2, 3, 4], requiresGrad: true)
      let y = x.groupNorm(4, weight: Tensor([2.0, 2, 2, 2]), bias: bias)
      #expect(y.shape == shape && y.reshaped([-1, 4])[0].array(of: Float.self) == [1, 2, 3, 4])
      try (y * y).sum().backward()
      #expect(x.grad?.array(of: Float.self).allSatisfy { $0 == 0 } == true)
    }
  }

  @Test func emptyBatchThroughALinearLayer() throws {
    let weight = Tensor.ones([2, 3], requiresGrad: true)
    let bias = Tensor.ones([2], requiresGrad: true)
    try empty.linear(weight, bias: bias).sum().backward()
    #expect(weight.grad?.array(of: Float.self) == [0, 0, 0, 0, 0, 0] && bias.grad?.array(of: Float.self) == [0, 0])
  }

  @Test func normalizations() throws {
    let weight = Tensor.ones([3], requiresGrad: true)
    let rows = empty.layerNorm([3], weight: weight)
    #expect(rows.shape == [0, 3])
    try rows.sum().backward()
    #expect(weight.grad?.array(of: Float.self) == [0, 0, 0])
    #expect(empty.batchNorm(mean: .zeros([3]), variance: .ones([3])).shape == [0, 3])
    #expect(empty.batchNorm().output.shape == [0, 3])
  }

  @Test func batchNormInTraining() throws {
    for momentum in [0.1, nil] {
      let layer = BatchNorm1d(3, momentum: momentum)
      try layer(empty).sum().backward()
      #expect(layer.runningMean.array(of: Float.self) == [0, 0, 0] && layer.batchCount.item() == 1)
      #expect(layer.runningVariance.array(of: Float.self) == [1, 1, 1])
      #expect(layer.weight?.grad?.array(of: Float.self) == [0, 0, 0])
      #expect(layer.bias?.grad?.array(of: Float.self) == [0, 0, 0])
    }
  }

  @Test func attention() throws {
    let layer = MultiHeadAttention(8, heads: 2)
    let noBatch = Tensor.ones([0, 3, 8])
    #expect(layer(noBatch).shape == [0, 3, 8] && layer(noBatch, noBatch, noBatch).shape == [0, 3, 8])
    #expect(layer(.ones([2, 0, 8])).shape == [2, 0, 8])
    let y = layer(noBatch)
    try y.sum().backward()
    #expect(layer.inProjectionBias?.grad?.array(of: Float.self) == Array(repeating: 0, count: 24))
  }

  @Test func losses() throws {
    let none = Tensor.zeros([0], dtype: .int64)
    #expect(crossEntropy(empty, none).item().isNaN)
    #expect(crossEntropy(empty, none, reduction: .sum).item() == 0)
    #expect(crossEntropy(empty, none, weight: .ones([3])).item().isNaN)
    #expect(negativeLogLikelihood(empty, none).item().isNaN)
    #expect(crossEntropy(.ones([2, 3]), Tensor([-100, -100])).item().isNaN)
    #expect(meanSquaredError(empty, .zeros([0, 3])).item().isNaN)
    #expect(l1Loss(empty, .zeros([0, 3]), reduction: .sum).item() == 0)
  }

  @Test func views() {
    #expect(empty.transposed().shape == [3, 0] && empty.reshaped([3, 0]).shape == [3, 0])
    #expect(Tensor.concatenated([empty, .ones([2, 3])]).array(of: Float.self) == [1, 1, 1, 1, 1, 1])
    #expect(Tensor.stacked([empty, empty]).shape == [2, 0, 3])
    #expect(empty[0..<0, 1].shape == [0] && empty.split(2).map(\.shape) == [[0, 3]])
    #expect(Tensor.ones([4, 2]).selected(.zeros([0], dtype: .int64), along: 0).shape == [0, 2])
    #expect(Tensor.ones([4, 2]).embedding(.zeros([2, 0], dtype: .int64)).shape == [2, 0, 2])
    #expect(empty.dropout(probability: 0.5).shape == [0, 3])
  }

  /// Tensors of shape [0] have no say in the shape of what they are joined to.
  @Test func concatenationWithNothing() throws {
    let (nothing, x) = (Tensor.zeros([0], requiresGrad: true), Tensor.ones([2, 3], requiresGrad: true))
    for dimension in [0, 1, -1] {
      #expect(Tensor.concatenated([nothing, x], dimension: dimension).shape == [2, 3])
      #expect(Tensor.concatenated([x, nothing, x], dimension: dimension).count == 12)
    }
    #expect(Tensor.concatenated([nothing, nothing]).shape == [0])
    #expect(Tensor.concatenated([nothing, Tensor([1, 2])]).dtype == .float32)
    try Tensor.concatenated([nothing, x, x], dimension: 1).sum().backward()
    #expect(nothing.grad?.shape == [0] && x.grad?.array(of: Float.self) == [2, 2, 2, 2, 2, 2])
  }

  @Test func singleElements() throws {
    let x = Tensor(2.5, requiresGrad: true)
    #expect(x.maximum().item() == 2.5 && x.minimum(along: 0).indices.item() == 0 && x.argmax(-1).item() == 0)
    #expect(x.softmax(0).item() == 1 && x.logSumExp(0).item() == 2.5 && x.cumulativeSum(0).item() == 2.5)
    #expect(Tensor([1.0]).variance().item().isNaN && Tensor([1.0]).variance(unbiased: false).item() == 0)
    #expect(Tensor([[3.0]]).layerNorm([1]).item() == 0)
    #expect(crossEntropy(Tensor([[7.0]]), Tensor([0])).item() == 0)
    try x.maximum().backward()
    #expect(x.grad?.item() == 1)
  }
}
