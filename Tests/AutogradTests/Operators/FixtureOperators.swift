import Autograd

/// The operators of `operators.json` by name.
enum FixtureOperators {
  struct Call {
    let inputs: [String: Tensor]
    let args: [String: OperatorFixture.Argument]

    subscript(name: String) -> Tensor {
      guard let tensor = inputs[name] else { preconditionFailure("the case has no input \(name)") }
      return tensor
    }
    func int(_ name: String) -> Int { args[name]?.int ?? 0 }
    func double(_ name: String) -> Double { args[name]?.double ?? 0 }
    func ints(_ name: String) -> [Int]? { args[name]?.ints }
    func pair(_ name: String) -> (Int, Int) {
      guard let pair = ints(name), pair.count == 2 else { preconditionFailure("the case has no pair \(name)") }
      return (pair[0], pair[1])
    }
    func triple(_ name: String) -> (Int, Int, Int) {
      guard let triple = ints(name), triple.count == 3 else { preconditionFailure("the case has no triple \(name)") }
      return (triple[0], triple[1], triple[2])
    }
    func bool(_ name: String) -> Bool { args[name]?.bool ?? false }
    /// PyTorch's sum and mean over everything take no keepdim; the fixture lists one all the same.
    var keepsDimensions: Bool { bool("keepdim") && ints("dims") != nil }
    var reduction: LossReduction {
      switch args["reduction"]?.string {
      case "sum": .sum
      case "none": .none
      default: .mean
      }
    }
  }

  nonisolated(unsafe) static let table = [
    ofTensors, ofLayers, activations, rearrangements, choices, distances, angles, matrices, samples, poolings,
  ]
  .reduce(into: [:]) { $0.merge($1) { first, _ in first } }

  private nonisolated(unsafe) static let activations: [String: (Call) -> Tensor] = [
    "elu": { $0["x"].elu(alpha: $0.double("alpha")) },
    "selu": { $0["x"].selu() },
    "softplus_of": { $0["x"].softplus(beta: $0.double("beta"), threshold: $0.double("threshold")) },
    "hardswish": { $0["x"].hardswish() },
    "mish": { $0["x"].mish() },
    "prelu": { $0["x"].prelu($0["weight"]) },
  ]

  private nonisolated(unsafe) static let choices: [String: (Call) -> Tensor] = [
    "assign": {
      let ranges = $0.args["ranges"]!.lists!
      let y = $0["x"] * 1
      y[ranges[0][0]..<ranges[0][1], ranges[1][0]..<ranges[1][1]] = $0["value"]
      return y
    },
    "and": { $0["a"] .& $0["b"] },
    "or": { $0["a"] .| $0["b"] },
    "xor": { $0["a"] .^ $0["b"] },
    "not": { .!$0["a"] },
    "nonzero": { $0["a"].nonzero() },
    "masked_select": { $0["x"].selected(where: $0["mask"]) },
  ]

  private nonisolated(unsafe) static let distances: [String: (Call) -> Tensor] = [
    "lerp": { $0["x"].interpolated(to: $0["y"], weight: $0.double("weight")) },
    "lerp_each": { $0["x"].interpolated(to: $0["y"], weight: $0["weight"]) },
    "sign": { $0["a"].sign() },
    "normalize": { $0["x"].normalized(along: $0.int("dim")) },
    "cumprod": { $0["x"].cumulativeProduct($0.int("dim")) },
    "cummax": { $0["x"].cumulativeMaximum($0.int("dim")).values },
    "cummin": { $0["x"].cumulativeMinimum($0.int("dim")).values },
    "logcumsumexp": { $0["x"].cumulativeLogSumExp($0.int("dim")) },
    "cdist": { $0["x"].pairwiseDistances(to: $0["y"]) },
  ]

  private nonisolated(unsafe) static let angles: [String: (Call) -> Tensor] = [
    "tan": { $0["x"].tan() },
    "asin": { $0["x"].asin() },
    "acos": { $0["x"].acos() },
    "atan": { $0["x"].atan() },
    "atan2": { $0["x"].atan2($0["y"]) },
    "sinh": { $0["x"].sinh() },
    "cosh": { $0["x"].cosh() },
    "asinh": { $0["x"].asinh() },
    "acosh": { $0["x"].acosh() },
    "atanh": { $0["x"].atanh() },
    "expm1": { $0["x"].expm1() },
    "erfinv": { $0["x"].erfinv() },
    "lgamma": { $0["x"].lgamma() },
    "polygamma": { $0["x"].polygamma($0.int("order")) },
  ]

  private nonisolated(unsafe) static let samples: [String: (Call) -> Tensor] = [
    "unfold": {
      $0["x"].unfolded(
        $0.pair("kernel"), dilation: $0.pair("dilation"), padding: $0.pair("padding"), stride: $0.pair("stride"))
    },
    "fold": {
      $0["x"].folded(
        to: $0.pair("size"), $0.pair("kernel"), dilation: $0.pair("dilation"), padding: $0.pair("padding"),
        stride: $0.pair("stride"))
    },
    "grid_sample": {
      $0["x"].sampled(
        at: $0["grid"], nearest: $0.bool("nearest"), repeatsBorder: $0.bool("border"),
        alignsCorners: $0.bool("align_corners"))
    },
    "affine_grid": { $0["theta"].affineGrid(to: $0.pair("size"), alignsCorners: $0.bool("align_corners")) },
    "scatter_reduce": {
      let reductions: [String: ScatterReduction] = ["mean": .mean, "amax": .maximum, "amin": .minimum]
      return $0["x"].scattered(
        $0["values"], at: $0["index"], along: $0.int("dim"), by: reductions[$0.args["reduction"]!.string!]!,
        includingSelf: $0.bool("included"))
    },
  ]

  private nonisolated(unsafe) static let rearrangements: [String: (Call) -> Tensor] = [
    "pad_by": {
      $0["x"].padded(
        $0.args["widths"]!.lists!.map { ($0[0], $0[1]) }, by: PaddingMode(rawValue: $0.args["mode"]!.string!)!)
    },
    "padded_embedding": { $0["weight"].embedding($0["index"], paddingIndex: $0.int("padding")) },
    "einsum": { call in
      einsum(call.args["equation"]?.string ?? "", ["a", "b", "c"].compactMap { call.inputs[$0] })
    },
    "diagonal": { $0["x"].diagonal($0.int("offset"), along: $0.ints("dims")![0], $0.ints("dims")![1]) },
    "cosine_similarity": { cosineSimilarity($0["x"], $0["y"], along: $0.int("dim")) },
    "tile": { $0["x"].tiled($0.ints("counts")!) },
    "repeat_interleave": { $0["x"].elementsRepeated($0.int("count"), along: $0.int("dim")) },
    "scatter_add": { $0["x"].scatterAdded($0["values"], at: $0["index"], along: $0.int("dim")) },
    "scatter": { $0["x"].scattered($0["values"], at: $0["index"], along: $0.int("dim")) },
    "scatter_number": { $0["x"].scattered($0.double("value"), at: $0["index"], along: $0.int("dim")) },
  ]

  private nonisolated(unsafe) static let ofLayers: [String: (Call) -> Tensor] = [
    "conv_transpose2d": {
      $0["x"].convTranspose2d(
        $0["weight"], bias: $0.inputs["bias"], stride: $0.pair("stride"), padding: $0.pair("padding"),
        outputPadding: $0.pair("output_padding"), dilation: $0.pair("dilation"), groups: $0.int("groups"))
    },
    "conv_transpose1d": {
      $0["x"].convTranspose1d(
        $0["weight"], bias: $0["bias"], stride: $0.int("stride"), padding: $0.int("padding"),
        outputPadding: $0.int("output_padding"), dilation: $0.int("dilation"), groups: $0.int("groups"))
    },
    "conv1d": {
      $0["x"].conv1d(
        $0["weight"], bias: $0["bias"], stride: $0.int("stride"), padding: $0.int("padding"),
        dilation: $0.int("dilation"), groups: $0.int("groups"))
    },
    "group_norm": {
      $0["x"].groupNorm(
        $0.int("groups"), weight: $0.inputs["weight"], bias: $0.inputs["bias"], epsilon: $0.double("eps"))
    },
    "instance_norm": {
      $0["x"].instanceNorm(weight: $0.inputs["weight"], bias: $0.inputs["bias"], epsilon: $0.double("eps"))
    },
    "rms_norm": { $0["x"].rmsNorm($0.ints("shape")!, weight: $0["weight"], epsilon: $0.double("eps")) },
    "conv3d": {
      $0["x"].conv3d(
        $0["weight"], bias: $0["bias"], stride: $0.triple("stride"), padding: $0.triple("padding"),
        dilation: $0.triple("dilation"), groups: $0.int("groups"))
    },
    "nearest": { $0["x"].resized(to: $0.pair("size")) },
    "bilinear": { $0["x"].resized(to: $0.pair("size"), by: .bilinear(alignsCorners: $0.bool("align_corners"))) },
    "pad": { $0["x"].padded($0.args["widths"]!.lists!.map { ($0[0], $0[1]) }, value: $0.double("value")) },
    "flip": { $0["x"].flipped($0.ints("dims")!) },
    "roll": { $0["x"].rolled($0.int("shift"), along: $0.int("dim")) },
    "tril": { $0["x"].lowerTriangle($0.int("diagonal")) },
    "triu": { $0["x"].upperTriangle($0.int("diagonal")) },
    "norm": { $0["x"].norm($0.ints("dims")) },
    "weighted_cross_entropy": { crossEntropy($0["x"], $0["target"], weight: $0["weight"]) },
  ]

  private nonisolated(unsafe) static let ofTensors: [String: (Call) -> Tensor] = [
    "add": { $0["a"] + $0["b"] },
    "sub": { $0["a"] - $0["b"] },
    "mul": { $0["a"] * $0["b"] },
    "div": { $0["a"] / $0["b"] },
    "maximum": { $0["a"].maximum($0["b"]) },
    "minimum": { $0["a"].minimum($0["b"]) },
    "pow_tensor": { $0["a"] ** $0["b"] },
    "pow_scalar": { $0["a"] ** $0.double("exponent") },
    "neg": { -$0["a"] },
    "exp": { $0["a"].exp() },
    "log": { $0["a"].log() },
    "sin": { $0["a"].sin() },
    "cos": { $0["a"].cos() },
    "sqrt": { $0["a"].sqrt() },
    "rsqrt": { $0["a"].rsqrt() },
    "reciprocal": { $0["a"].reciprocal() },
    "abs": { $0["a"].abs() },
    "tanh": { $0["a"].tanh() },
    "sigmoid": { $0["a"].sigmoid() },
    "relu": { $0["a"].relu() },
    "leaky_relu": { $0["a"].leakyReLU(negativeSlope: $0.double("negative_slope")) },
    "clamp": { $0["a"].clamped(min: $0.double("min"), max: $0.double("max")) },
    "softplus": { $0["a"].softplus() },
    "silu": { $0["a"].silu() },
    "gelu": { $0["a"].gelu() },
    "gelu_tanh": { $0["a"].gelu(approximation: .tanh) },
    "sum": { $0["a"].sum($0.ints("dims"), keepingDimensions: $0.keepsDimensions) },
    "mean": { $0["a"].mean($0.ints("dims"), keepingDimensions: $0.keepsDimensions) },
    "var": { $0["a"].variance([$0.int("dim")], unbiased: $0.bool("unbiased")) },
    "max_along": { $0["a"].maximum(along: $0.int("dim")).values },
    "concat": { .concatenated([$0["a"], $0["b"]], dimension: $0.int("dim")) },
    "stack": { .stacked([$0["a"], $0["b"]], dimension: $0.int("dim")) },
    "slice": {
      let ranges = $0.args["ranges"]!.lists!
      return $0["a"][ranges[0][0]..<ranges[0][1], ranges[1][0]..<ranges[1][1]]
    },
    "index_select": { $0["a"].selected($0["index"], along: $0.int("dim")) },
    "gather": { $0["a"].gathered($0["index"], along: $0.int("dim")) },
    "where": { .select($0["c"], $0["a"], $0["b"]) },
    "embedding": { $0["weight"].embedding($0["index"]) },
    "matmul": { $0["a"].matmul($0["b"]) },
    "transpose": { $0["a"].transposed($0.ints("dims")![0], $0.ints("dims")![1]) },
    "permute": { $0["a"].permuted($0.ints("dims")!) },
    "reshape": { $0["a"].reshaped($0.ints("shape")!) },
    "expand": { $0["a"].expanded(to: $0.ints("shape")!) },
    "softmax": { $0["a"].softmax($0.int("dim")) },
    "log_softmax": { $0["a"].logSoftmax($0.int("dim")) },
    "logsumexp": { $0["a"].logSumExp($0.int("dim")) },
    "linear": { $0["x"].linear($0["weight"], bias: $0.inputs["bias"]) },
    "cross_entropy": {
      crossEntropy(
        $0["x"], $0["target"], reduction: $0.reduction, ignoringTarget: $0.args["ignore_index"]?.int ?? -100,
        labelSmoothing: $0.double("label_smoothing"))
    },
    "mse_loss": { meanSquaredError($0["x"], $0["target"], reduction: $0.reduction) },
    "l1_loss": { l1Loss($0["x"], $0["target"], reduction: $0.reduction) },
    "smooth_l1_loss": { smoothL1Loss($0["x"], $0["target"], reduction: $0.reduction) },
    "bce": { binaryCrossEntropy($0["x"], $0["target"], reduction: $0.reduction) },
    "bce_with_logits": { binaryCrossEntropyWithLogits($0["x"], $0["target"], reduction: $0.reduction) },
    "masked_fill": { $0["x"].filled(with: 3, where: $0["mask"]) },
    "nll_loss": { negativeLogLikelihood($0["x"], $0["target"], reduction: $0.reduction) },
    "layer_norm": {
      $0["x"].layerNorm([$0["x"].shape[1]], weight: $0["weight"], bias: $0["bias"], epsilon: $0.double("eps"))
    },
    "batch_norm_train": {
      $0["x"].batchNorm(weight: $0["weight"], bias: $0["bias"], epsilon: $0.double("eps")).output
    },
    "batch_norm_eval": {
      $0["x"].batchNorm(
        mean: $0["running_mean"], variance: $0["running_var"], weight: $0["weight"], bias: $0["bias"],
        epsilon: $0.double("eps"))
    },
    "attention": { scaledDotProductAttention($0["q"], $0["k"], $0["v"], isCausal: $0.bool("is_causal")) },
    "conv2d": {
      let (stride, padding, dilation) = ($0.int("stride"), $0.int("padding"), $0.int("dilation"))
      return $0["x"].conv2d(
        $0["weight"], bias: $0.inputs["bias"], stride: (stride, stride), padding: (padding, padding),
        dilation: (dilation, dilation), groups: $0.int("groups"))
    },
  ]
}
