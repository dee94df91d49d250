import Autograd

/// Every operator with inputs away from its kinks.
enum DifferentiatedOperators {
  typealias Table = [String: @Sendable () -> DifferentiatedFunction]

  static let table: Table = [
    arithmetic, functions, reductions, views, products, matrices, images, normalizations, losses,
  ]
  .reduce(into: [:]) { $0.merge($1) { _, last in last } }

  static func random(_ shape: [Int], _ low: Double = -2, _ high: Double = 2, seed: UInt64 = 5) -> Tensor {
    .rand(shape, low: low, high: high, dtype: .float64, generator: RandomGenerator(seed: seed))
  }

  static func unary(
    _ low: Double = -2, _ high: Double = 2, _ function: @escaping @Sendable (Tensor) -> Tensor
  ) -> @Sendable () -> DifferentiatedFunction {
    { DifferentiatedFunction([random([3, 4], low, high)]) { function($0[0]) } }
  }

  static func binary(
    _ first: [Int], _ second: [Int], _ low: Double = -2, _ high: Double = 2,
    _ function: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> @Sendable () -> DifferentiatedFunction {
    {
      DifferentiatedFunction([random(first, low, high), random(second, low, high, seed: 9)]) { function($0[0], $0[1]) }
    }
  }

  private static let arithmetic: Table = [
    "add": binary([3, 1], [4]) { $0 + $1 },
    "subtract": binary([3, 1], [4]) { $0 - $1 },
    "multiply": binary([3, 1], [2, 1, 4]) { $0 * $1 },
    "divide": binary([3, 1], [4], 0.5, 2) { $0 / $1 },
    "maximum of two": binary([3, 4], [3, 4]) { ($0 * $0).maximum($1 * $1) },
    "minimum of two": binary([3, 4], [4]) { ($0 * $0).minimum($1 * $1) },
    "power of tensors": binary([3, 1], [4], 0.5, 2) { $0 ** $1 },
    "power 3.5": unary(0.5) { $0 ** 3.5 },
    "power 2": unary { $0 ** 2 },
    "power 1": unary { $0 ** 1 },
    "power 0": unary { $0 ** 0 },
    "power 0.5": unary(0.5) { $0 ** 0.5 },
    "power -1": unary(0.5) { $0 ** -1 },
    "negate": unary { -$0 },
    "with numbers": unary(0.5) { 2 - (3 / ($0 * 2 + 1)) },
    "where": binary([3, 4], [3, 1]) { .select($0.detached() .> 0, $0 * $0, $1.exp()) },
    "filled": unary { ($0 * $0).filled(with: 3, where: $0.detached() .< 0) },
    "filled and broadcast": unary {
      ($0 * $0).filled(with: 3, where: Tensor([true, false]).reshaped([2, 1, 1]))
    },
    "interpolated": binary([3, 4], [4]) { ($0 * $0).interpolated(to: $1, weight: 0.3) },
    "interpolated by tensors": binary([3, 4], [4], 0.6, 1) { $0.interpolated(to: $0.exp(), weight: $1) },
    "sign": unary { $0.sign() * $0 },
    "rounded": unary { $0.rounded() * $0 },
    "floor": unary { $0.floor() * $0 },
    "ceil": unary { $0.ceil() * $0 },
    "slices added": binary([5, 2], [3, 2]) { ($0 * $0).slicesAdded($1 * $1, at: Tensor([4, 0, 4]), along: 0) },
    "clamp": unary { ($0 * $0).clamped(min: 0.3, max: 2) },
    "clamp below": unary { ($0 * $0).clamped(min: 0.5) },
  ]

  private static let functions: Table = [
    "exp": unary { $0.exp() },
    "log": unary(0.5) { $0.log() },
    "log1p": unary(-0.5) { $0.log1p() },
    "sin": unary { $0.sin() },
    "cos": unary { $0.cos() },
    "erf": unary { $0.erf() },
    "erfinv": unary(-0.9, 0.9) { $0.erfinv() },
    "lgamma": unary(0.5, 4) { $0.lgamma() },
    "lgamma below 0": unary(-0.9, -0.1) { $0.lgamma() },
    "digamma": unary(0.5, 4) { $0.digamma() },
    "polygamma": unary(0.5, 4) { $0.polygamma(1) + $0.polygamma(2) },
    "tan": unary(-1, 1) { $0.tan() },
    "asin": unary(-0.9, 0.9) { $0.asin() },
    "acos": unary(-0.9, 0.9) { $0.acos() },
    "atan": unary { $0.atan() },
    "atan2": binary([3, 1], [4], 0.5, 2) { $0.atan2($1) },
    "sinh": unary { $0.sinh() },
    "cosh": unary { $0.cosh() },
    "asinh": unary { $0.asinh() },
    "acosh": unary(1.5, 4) { $0.acosh() },
    "atanh": unary(-0.9, 0.9) { $0.atanh() },
    "expm1": unary { $0.expm1() },
    "sqrt": unary(0.5) { $0.sqrt() },
    "rsqrt": unary(0.5) { $0.rsqrt() },
    "reciprocal": unary(0.5) { $0.reciprocal() },
    "abs": unary { ($0 * $0 * $0).abs() },
    "relu": unary { ($0 * $0 * $0).relu() },
    "leaky relu": unary { ($0 * $0 * $0).leakyReLU(negativeSlope: 0.2) },
    "tanh": unary { $0.tanh() },
    "sigmoid": unary { $0.sigmoid() },
    "log sigmoid": unary { $0.logSigmoid() },
    "softplus": unary { $0.softplus() },
    "silu": unary { $0.silu() },
    "elu": unary { ($0 * $0 * $0).elu(alpha: 0.7) },
    "selu": unary { $0.selu() },
    "softplus of twice": unary { $0.softplus(beta: 2, threshold: 1.5) },
    "hardswish": unary(-4, 4) { $0.hardswish() },
    "mish": unary { $0.mish() },
    "prelu": binary([3, 4], [4]) { ($0 * $0 * $0).prelu($1 * $1) },
    "gelu": unary { $0.gelu() },
    "gelu by tanh": unary { $0.gelu(approximation: .tanh) },
    "dropout of channels": unary {
      ($0 * $0).reshaped([2, 3, 2]).channelDropout(probability: 0.4, generator: RandomGenerator(seed: 3))
    },
    "dropout": unary { ($0 * $0).dropout(probability: 0.4, generator: RandomGenerator(seed: 3)) },
    "softmax": unary { $0.softmax(1) },
    "softmax of columns": unary { $0.softmax(0) },
    "log softmax": unary { $0.logSoftmax(1) },
    "log-sum-exp": unary { $0.logSumExp(0) },
    "log-sum-exp, kept": unary { $0.logSumExp(-1, keepingDimensions: true) },
  ]

  private static let reductions: Table = [
    "sum": unary { ($0 * $0).sum() },
    "sum of columns": unary { ($0 * $0).sum([0]) },
    "mean": unary { ($0 * $0).mean() },
    "mean of rows": unary { ($0 * $0).mean([1], keepingDimensions: true) },
    "variance": unary { $0.variance() },
    "variance of dimensions apart": {
      DifferentiatedFunction([random([2, 3, 2])]) { $0[0].variance([0, 2]) * $0[0].variance([1]).sum() }
    },
    "variance of rows": unary { ($0 * $0).variance([1], unbiased: false, keepingDimensions: true) },
    "standard deviation": unary { $0.standardDeviation() },
    "standard deviation of columns": unary { $0.standardDeviation([0], unbiased: false) },
    "maximum of rows": unary { ($0 * $0).maximum(along: 1).values },
    "minimum of columns": unary { ($0 * $0).minimum(along: 0, keepingDimensions: true).values },
    "maximum": unary { ($0 * $0).maximum() },
    "minimum": unary { ($0 * $0).minimum() },
    "norm": unary { $0.norm() },
    "norm of columns": unary { ($0 * $0).norm([0], keepingDimensions: true) },
    "cumulative sum": unary { ($0 * $0).cumulativeSum(1) },
    "cumulative sum of columns": unary { ($0 * $0).cumulativeSum(0) },
    "cumulative log-sum-exp": unary { $0.cumulativeLogSumExp(1) },
    "cumulative product": unary { $0.cumulativeProduct(1) },
    "cumulative product through zeros": unary {
      ($0 * Tensor([[1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 0]], dtype: .float64)).cumulativeProduct(1)
    },
    "sorted": unary { ($0 * $0).sorted(along: 1, descending: true).values },
    "top 2": unary { ($0 * $0).topK(2, along: 0).values },
  ]

  private static let views: Table = [
    "reshaped": unary { ($0 * $0).reshaped([2, -1]) },
    "permuted": unary { ($0 * $0).reshaped([3, 2, 2]).permuted([2, 0, 1]) },
    "transposed": unary { ($0 * $0).transposed() },
    "expanded": unary { ($0 * $0).unsqueezed(1).expanded(to: [2, 3, 5, 4]) },
    "unsqueezed and squeezed": unary { ($0 * $0).unsqueezed(-1).squeezed(2).unsqueezed(0).squeezed() },
    "cloned": unary { ($0 * $0).cloned() },
    "cast": unary { ($0 * $0).cast(to: .float64) },
    "row": unary { ($0 * $0)[1] },
    "column": unary { ($0 * $0)[0..., -1] },
    "rows": unary { ($0 * $0)[1..<3] },
    "block": unary { ($0 * $0)[1...2, ..<3] },
    "every second column": unary { ($0 * $0).sliced(1..<4, along: 1, step: 2) },
    "split": unary { $0.split(3, along: 1).reduce(Tensor(1.0, dtype: .float64)) { $0 * ($1 * $1).sum() } },
    "parts that overlap": unary {
      let x = $0 * $0
      return (x[0..., 0..<3] * x[0..., 1...]).sum() + (x[1] * x[0..<2]).sum() + x[2].sum()
    },
    "parts of a leaf": unary { $0[0] * $0[1] + $0[1] * $0[2] },
    "part assigned": binary([3, 4], [3]) {
      let y = $0 * $0
      y[0..., 1] = $1 * $1
      return y
    },
    "part of zeros assigned": binary([4], [3, 1]) {
      let y = Tensor.zeros([3, 4], dtype: .float64)
      y[1] = $0 * $0
      y[0..., 1..<3] = $1.exp()
      y[2, -1] = Tensor(5)
      return y * y
    },
    "selected where": unary { ($0 * $0).selected(where: Tensor([true, false, true, true])) },
    "padded": unary { ($0 * $0).padded([(1, 0), (0, 2)], value: 3) },
    "padded and cut": unary { ($0 * $0).padded([(-1, 1), (2, -2)], value: 3) },
    "padded by reflection": unary { ($0 * $0).padded([(1, 2), (0, 3)], by: .reflect) },
    "padded by replication": unary { ($0 * $0).padded([(1, 0), (2, 3)], by: .replicate) },
    "padded in circles": unary { ($0 * $0).padded([(3, 1)], by: .circular) },
    "flipped": unary { ($0 * $0).flipped([0, 1]) },
    "rolled": unary { ($0 * $0).rolled(-1, along: 1) },
    "lower triangle": unary { ($0 * $0).lowerTriangle(1) },
    "concatenated": binary([2, 3], [2, 1]) { .concatenated([$0 * $0, $1.exp(), $0], dimension: 1) },
    "stacked": binary([2, 3], [2, 3]) { .stacked([$0 * $0, $1.exp()], dimension: 1) },
    "index select": unary { ($0 * $0).selected(Tensor([2, 0, 2, 3]), along: 1) },
    "gather": unary { ($0 * $0).gathered(Tensor([[2, 0], [1, 1]]), along: 1) },
    "diagonal": unary { ($0 * $0).diagonal(1, along: 1, 0) },
    "tiled": unary { ($0 * $0).tiled([2, 1, 3]) },
    "elements repeated": unary { ($0 * $0).elementsRepeated(2, along: 0) },
    "scatter": binary([3, 4], [2, 3]) {
      ($0 * $0).scattered($1 * $1, at: Tensor([[1, 0, 1], [2, 2, 3]]), along: 1)
    },
    "scatter, added": binary([3, 4], [2, 3]) {
      ($0 * $0).scatterAdded($1 * $1, at: Tensor([[1, 0, 1], [2, 2, 0]]), along: 0)
    },
    "scatter, mean": binary([3, 4], [2, 3]) {
      ($0 * $0).scattered($1 * $1, at: Tensor([[1, 0, 1], [2, 2, 0]]), along: 0, by: .mean)
    },
    "scatter, maximum": binary([3, 4], [2, 3]) {
      ($0 * $0).scattered($1 * $1, at: Tensor([[1, 0, 1], [2, 2, 2]]), along: 1, by: .maximum)
    },
    "scatter, minimum": binary([3, 4], [2, 3]) {
      ($0 * $0).scattered(
        $1 * $1, at: Tensor([[1, 0, 1], [2, 2, 2]]), along: 1, by: .minimum, includingSelf: false)
    },
    "embedding": unary { $0.exp().embedding(Tensor([[2, 0], [2, 1]])) },
  ]

  private static let products: Table = [
    "matmul": binary([3, 4], [4, 2]) { $0.matmul($1) },
    "matmul of batches": binary([2, 1, 3, 4], [3, 4, 2]) { $0.matmul($1) },
    "einsum": binary([2, 3, 4], [4, 3]) { einsum("bij,jk->ikb", $0 * $0, $1 * $1) },
    "einsum of a diagonal": binary([3, 3], [3, 2]) { einsum("ii,i...->...", $0 * $0, $1 * $1) },
    "normalized": unary { $0.normalized(along: 1) },
    "pairwise distances": binary([2, 3, 4], [5, 4]) { $0.pairwiseDistances(to: $1) },
    "cosine similarity": binary([3, 4], [3, 4]) { cosineSimilarity($0, $1) },
    "matrix by vector": binary([2, 3, 4], [4]) { $0.matmul($1) },
    "vector by vector": binary([4], [4]) { $0.matmul($1) },
    "linear": {
      DifferentiatedFunction([random([2, 3, 4]), random([5, 4], seed: 6), random([5], seed: 7)]) {
        $0[0].linear($0[1], bias: $0[2])
      }
    },
    "conv2d": {
      DifferentiatedFunction([random([2, 4, 5, 4]), random([6, 2, 3, 2], seed: 6), random([6], seed: 7)]) {
        $0[0].conv2d($0[1], bias: $0[2], stride: (2, 1), padding: (1, 0), dilation: (1, 2), groups: 2)
      }
    },
    "pointwise conv2d": {
      DifferentiatedFunction([random([2, 3, 2, 2]), random([4, 3, 1, 1], seed: 6)]) { $0[0].conv2d($0[1]) }
    },
    "max pooling": {
      DifferentiatedFunction([random([1, 2, 4, 6])]) { ($0[0] * $0[0]).maxPool2d((2, 2)) }
    },
    "overlapping max pooling": {
      DifferentiatedFunction([random([1, 2, 5, 5])]) {
        ($0[0] * $0[0]).maxPool2d((3, 2), stride: (2, 1), padding: (1, 1))
      }
    },
    "average pooling": {
      DifferentiatedFunction([random([1, 2, 5, 5])]) {
        ($0[0] * $0[0]).averagePool2d((3, 2), stride: (2, 1), padding: (1, 1))
      }
    },
    "attention": { attention(isCausal: false, mask: nil) },
    "causal attention": { attention(isCausal: true, mask: nil) },
    "masked attention": {
      attention(isCausal: false, mask: Tensor([[true, false, true], [false, false, false], [true, true, true]]))
    },
    "attention to another sequence": { attentionToAnotherSequence() },
    "biased attention": { attention(isCausal: false, mask: Tensor([[0.5, -1, 2]], dtype: .float64)) },
  ]

  /// Heads in the rows of three tensors.
  private static func attentionToAnotherSequence() -> DifferentiatedFunction {
    let layer = MultiHeadAttention(4, heads: 2, dtype: .float64, generator: RandomGenerator(seed: 8))
    let mask = Tensor([[true, false, true], [true, true, true]])
    return DifferentiatedFunction([random([2, 2, 4]), random([2, 3, 4], seed: 6), random([2, 3, 4], seed: 7)]) {
      layer($0[0], $0[1], $0[2], mask: mask)
    }
  }

  private static func attention(isCausal: Bool, mask: Tensor?) -> DifferentiatedFunction {
    DifferentiatedFunction([random([2, 3, 4]), random([2, 3, 4], seed: 6), random([2, 3, 2], seed: 7)]) {
      scaledDotProductAttention($0[0], $0[1], $0[2], mask: mask, isCausal: isCausal)
    }
  }

  private static let losses: Table = [
    "mean squared error": binary([3, 4], [3, 4]) { meanSquaredError($0, $1) },
    "l1": binary([3, 4], [3, 4]) { l1Loss($0 * $0, $1, reduction: .none) },
    "smooth l1": binary([3, 4], [3, 4]) { smoothL1Loss($0, $1, beta: 0.7) },
    "binary cross entropy": binary([3, 4], [3, 4], 0.2, 0.8) { binaryCrossEntropy($0, $1) },
    "binary cross entropy of logits": binary([3, 4], [3, 4]) { binaryCrossEntropyWithLogits($0, $1) },
    "weighted binary cross entropy of logits": binary([3, 4], [3, 4]) {
      binaryCrossEntropyWithLogits(
        $0, $1, reduction: .none, positiveWeight: Tensor([1.5, 0.5, 2, 1], dtype: .float64))
    },
    "negative log-likelihood": unary { negativeLogLikelihood($0 * $0, Tensor([2, -100, 3])) },
    "negative log-likelihood of sequences": {
      DifferentiatedFunction([random([2, 3, 2])]) {
        negativeLogLikelihood($0[0] * $0[0], Tensor([[2, 0], [-100, 1]]))
      }
    },
    "cross entropy": unary { crossEntropy($0, Tensor([2, -100, 3])) },
    "smoothed cross entropy": unary { crossEntropy($0, Tensor([2, 0, 3]), reduction: .none, labelSmoothing: 0.2) },
    "cross entropy of sequences": {
      DifferentiatedFunction([random([2, 3, 2])]) { crossEntropy($0[0], Tensor([[2, 0], [-100, 1]])) }
    },
    "cross entropy of probabilities": binary([3, 4], [3, 4]) {
      crossEntropy($0, $1.softmax(1), reduction: .sum, labelSmoothing: 0.2)
    },
    "weighted cross entropy": unary {
      crossEntropy(
        $0, Tensor([2, -100, 3]), weight: Tensor([1, 0.5, 2, 1.5], dtype: .float64), labelSmoothing: 0.2)
    },
  ]
}
