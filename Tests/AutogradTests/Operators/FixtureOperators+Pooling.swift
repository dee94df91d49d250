import Autograd

/// Poolings and other operators of images' places.
extension FixtureOperators {
  nonisolated(unsafe) static let poolings: [String: (Call) -> Tensor] = [
    "avg_pool2d": {
      let (kernel, stride, padding) = ($0.int("kernel"), $0.int("stride"), $0.int("padding"))
      return $0["x"].averagePool2d((kernel, kernel), stride: (stride, stride), padding: (padding, padding))
    },
    "max_pool2d": {
      let (kernel, stride, padding) = ($0.int("kernel"), $0.int("stride"), $0.int("padding"))
      return $0["x"].maxPool2d((kernel, kernel), stride: (stride, stride), padding: (padding, padding))
    },
    "max_pool2d_of_pairs": {
      $0["x"].maxPool2d(
        $0.pair("kernel"), stride: $0.pair("stride"), padding: $0.pair("padding"), dilation: $0.pair("dilation"),
        roundsUp: true)
    },
    "avg_pool2d_of_pairs": {
      $0["x"].averagePool2d(
        $0.pair("kernel"), stride: $0.pair("stride"), padding: $0.pair("padding"), roundsUp: $0.bool("rounds_up"),
        countsPadding: $0.bool("counts_padding"), divisor: $0.args["divisor"]?.int)
    },
    "max_pool3d": {
      $0["x"].maxPool3d(
        $0.triple("kernel"), stride: $0.triple("stride"), padding: $0.triple("padding"),
        dilation: $0.triple("dilation"), roundsUp: $0.bool("rounds_up"))
    },
    "avg_pool3d": {
      $0["x"].averagePool3d(
        $0.triple("kernel"), stride: $0.triple("stride"), padding: $0.triple("padding"), roundsUp: $0.bool("rounds_up"),
        countsPadding: $0.bool("counts_padding"), divisor: $0.args["divisor"]?.int)
    },
    "adaptive_avg_pool2d": { $0["x"].adaptiveAveragePool2d($0.pair("size")) },
    "adaptive_max_pool2d": { $0["x"].adaptiveMaxPool2d($0.pair("size")) },
    "adaptive_avg_pool3d": { $0["x"].adaptiveAveragePool3d($0.triple("size")) },
    "adaptive_max_pool3d": { $0["x"].adaptiveMaxPool3d($0.triple("size")) },
    "pixel_shuffle": { $0["x"].pixelShuffled($0.int("factor")) },
    "pixel_unshuffle": { $0["x"].pixelUnshuffled($0.int("factor")) },
    "channel_shuffle": { $0["x"].channelsShuffled($0.int("groups")) },
  ]
}
