import Autograd

/// Operators of images, sequences and normalizations.
extension DifferentiatedOperators {
  static let images: Table = [
    "transposed conv2d": {
      DifferentiatedFunction([random([2, 4, 3, 2]), random([4, 3, 3, 2], seed: 6), random([6], seed: 7)]) {
        $0[0].convTranspose2d(
          $0[1], bias: $0[2], stride: (2, 1), padding: (1, 0), outputPadding: (1, 0), dilation: (1, 2), groups: 2)
      }
    },
    "transposed conv1d": {
      DifferentiatedFunction([random([2, 4, 3]), random([4, 3, 2], seed: 6), random([6], seed: 7)]) {
        $0[0].convTranspose1d($0[1], bias: $0[2], stride: 2, padding: 1, outputPadding: 1, groups: 2)
      }
    },
    "conv1d": {
      DifferentiatedFunction([random([2, 2, 5]), random([3, 2, 2], seed: 6), random([3], seed: 7)]) {
        $0[0].conv1d($0[1], bias: $0[2], stride: 2, padding: 1)
      }
    },
    "nearest": { DifferentiatedFunction([random([1, 2, 2, 3])]) { ($0[0] * $0[0]).resized(to: (4, 5)) } },
    "nearest, whole": { DifferentiatedFunction([random([1, 2, 2, 3])]) { ($0[0] * $0[0]).resized(to: (4, 6)) } },
    "bilinear": {
      DifferentiatedFunction([random([1, 2, 2, 3])]) { ($0[0] * $0[0]).resized(to: (3, 5), by: .bilinear()) }
    },
    "unfolded": {
      DifferentiatedFunction([random([1, 2, 4, 3])]) {
        ($0[0] * $0[0]).unfolded((3, 2), dilation: (1, 2), padding: (1, 0), stride: (2, 1))
      }
    },
    "folded": {
      DifferentiatedFunction([random([1, 8, 4])]) {
        ($0[0] * $0[0]).folded(to: (4, 3), (2, 2), dilation: (2, 1), padding: (0, 1), stride: (1, 2))
      }
    },
    "sampled": sampled { $0.sampled(at: $1) },
    "sampled with a border": sampled { ($0 * $0).sampled(at: $1, repeatsBorder: true, alignsCorners: true) },
    "sampled at the nearest": sampled { ($0 * $0).sampled(at: $1, nearest: true) },
    "affine grid": binary([2, 2, 3], [2, 3, 4, 2]) { ($0 * $0).affineGrid(to: (3, 4)) * $1 },
    "volume convolution": binary([1, 2, 3, 2, 3], [2, 2, 2, 1, 2]) {
      $0.conv3d($1, stride: (1, 1, 2), padding: (1, 0, 0), dilation: (2, 1, 1)).maxPool3d((2, 1, 1))
    },
    "max pooling beyond the border": {
      DifferentiatedFunction([random([1, 2, 3, 6])]) {
        ($0[0] * $0[0]).maxPool2d((2, 2), stride: (2, 3), dilation: (1, 2), roundsUp: true)
      }
    },
    "average pooling beyond the border": {
      DifferentiatedFunction([random([1, 2, 4, 6])]) {
        ($0[0] * $0[0]).averagePool2d((3, 2), stride: (2, 3), padding: (1, 0), roundsUp: true)
      }
    },
    "average pooling that leaves padding out": {
      DifferentiatedFunction([random([1, 2, 4, 6])]) {
        ($0[0] * $0[0]).averagePool2d((3, 2), stride: (2, 3), padding: (1, 1), countsPadding: false)
      }
    },
    "average pooling of volumes": {
      DifferentiatedFunction([random([1, 1, 3, 4, 3])]) {
        ($0[0] * $0[0]).averagePool3d((2, 3, 2), stride: (1, 2, 1), padding: (1, 1, 0), divisor: 5)
      }
    },
    "adaptive max pooling": {
      DifferentiatedFunction([random([1, 2, 4, 5])]) { ($0[0] * $0[0]).adaptiveMaxPool2d((3, 2)) }
    },
    "transposed conv2d with much output padding": {
      DifferentiatedFunction([random([1, 2, 3, 2]), random([2, 2, 2, 2], seed: 6), random([2], seed: 7)]) {
        $0[0].convTranspose2d(
          $0[1], bias: $0[2], stride: (1, 2), padding: (1, 1), outputPadding: (2, 2), dilation: (3, 3))
      }
    },
    "shuffled": {
      DifferentiatedFunction([random([1, 4, 2, 3])]) {
        ($0[0] * $0[0]).channelsShuffled(2).pixelShuffled(2).pixelUnshuffled(2)
      }
    },
    "adaptive average pooling": {
      DifferentiatedFunction([random([1, 2, 4, 5])]) { ($0[0] * $0[0]).adaptiveAveragePool2d((3, 2)) }
    },
  ]

  private static func sampled(
    _ sample: @escaping @Sendable (Tensor, Tensor) -> Tensor
  ) -> @Sendable () -> DifferentiatedFunction {
    {
      DifferentiatedFunction([random([2, 2, 3, 4]), random([2, 3, 2, 2], -1.2, 1.2, seed: 9)]) { sample($0[0], $0[1]) }
    }
  }

  private static func lstm(isReversed: Bool) -> DifferentiatedFunction {
    DifferentiatedFunction(
      [random([3, 2, 8]), random([8, 2], seed: 6), random([2, 2], seed: 7), random([2, 2], seed: 8)]
    ) {
      $0[0].lstm($0[1], output: $0[2], cell: $0[3], isReversed: isReversed)
    }
  }

  static let normalizations: Table = [
    "lstm's way over a sequence": { lstm(isReversed: false) },
    "lstm's way back": { lstm(isReversed: true) },
    "lstm cell": binary([2, 3], [2, 2]) {
      let cell = LSTMCell(3, 2, dtype: .float64, generator: RandomGenerator(seed: 5))
      let state = cell($0, state: .init(hidden: $1, cell: $1 * $1))
      return cell($0, state: state).hidden * state.cell
    },
    "gru cell": binary([2, 3], [2, 2]) {
      GRUCell(3, 2, dtype: .float64, generator: RandomGenerator(seed: 5))($0, state: $1)
    },
    "rnn cell": binary([2, 3], [2, 2]) {
      RNNCell(3, 2, dtype: .float64, generator: RandomGenerator(seed: 5))($0, state: $1)
    },
    "transformer's layer": binary([3, 4], [3, 4]) {
      TransformerEncoderLayer(
        4, heads: 2, .init(feedForward: 3, dropout: 0, activation: .gelu, epsilon: 0.1), dtype: .float64,
        generator: RandomGenerator(seed: 5))($0 * $1)
    },
    "lstm": {
      DifferentiatedFunction([random([2, 3, 2])]) {
        let network = LSTM(2, 3, layers: 2, dtype: .float64, generator: RandomGenerator(seed: 5))
        let (output, state) = network($0[0], state: nil)
        return output.sum() * state.cell + state.hidden
      }
    },
    "layer norm": {
      DifferentiatedFunction([random([4, 2, 3]), random([2, 3], seed: 6), random([2, 3], seed: 7)]) {
        $0[0].layerNorm([2, 3], weight: $0[1], bias: $0[2], epsilon: 0.1)
      }
    },
    "group norm": {
      DifferentiatedFunction([random([2, 4, 3]), random([4], seed: 6), random([4], seed: 7)]) {
        $0[0].groupNorm(2, weight: $0[1], bias: $0[2], epsilon: 0.1)
      }
    },
    "instance norm": {
      DifferentiatedFunction([random([2, 2, 3]), random([2], seed: 6), random([2], seed: 7)]) {
        $0[0].instanceNorm(weight: $0[1], bias: $0[2], epsilon: 0.1)
      }
    },
    "rms norm": binary([3, 4], [4]) { $0.rmsNorm([4], weight: $1, epsilon: 0.1) },
    "plain layer norm": unary { $0.layerNorm([4], epsilon: 0.1) },
    "layer norm with bias only": binary([3, 4], [4]) { $0.layerNorm([4], bias: $1, epsilon: 0.1) },
    "batch norm": {
      DifferentiatedFunction([random([3, 2, 2, 3]), random([2], seed: 6), random([2], seed: 7)]) {
        $0[0].batchNorm(weight: $0[1], bias: $0[2], epsilon: 0.1).output
      }
    },
    "batch norm of rows": unary { $0.batchNorm(epsilon: 0.1).output },
    "batch norm by given statistics": {
      DifferentiatedFunction([
        random([3, 2, 4]), random([2], seed: 6), random([2], 0.5, 2, seed: 7), random([2], seed: 8),
        random([2], seed: 9),
      ]) { $0[0].batchNorm(mean: $0[1], variance: $0[2], weight: $0[3], bias: $0[4], epsilon: 0.1) }
    },
    "batch norm, relu": unary { Sequential(BatchNorm1d(4, epsilon: 0.1, dtype: .float64), ReLU())($0) },
    "batch norm, sum, relu": binary([3, 4, 2], [3, 4, 2]) {
      BatchNorm1d(4, epsilon: 0.1, dtype: .float64).rectified($0, adding: $1)
    },
    "given batch norm, sum, relu": binary([3, 4], [3, 4]) {
      let norm = BatchNorm1d(4, epsilon: 0.1, dtype: .float64)
      norm.evaluate()
      return norm.rectified($0, adding: $1)
    },
    "batch norm in two steps": unary {
      let (mean, variance) = $0.batchMoments()
      return $0.batchNorm(mean: mean, variance: variance, epsilon: 0.1)
    },
  ]
}
