extension Tensor {
  /// Rows brought to mean 0 and variance 1, then scaled and shifted, as `torch.nn.functional.layer_norm` (Ba et al.,
  /// arXiv:1607.06450):
  ///
  ///     y = (x − mean) / √(variance + ε) · weight + bias
  ///
  /// - Parameters:
  ///   - normalizedShape: The last dimensions, which make up a row.
  ///   - weight: Of that shape, or `nil` for ones.
  ///   - bias: Of that shape, or `nil` for zeros.
  ///   - epsilon: What is added to the variance.
  public func layerNorm(
    _ normalizedShape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) -> Tensor {
    precondition(
      !normalizedShape.isEmpty && Array(shape.suffix(normalizedShape.count)) == normalizedShape,
      "layerNorm over \(normalizedShape) of shape \(shape): they must be its last dimensions")
    for parameter in [weight, bias].compactMap({ $0 }) {
      precondition(
        parameter.shape == normalizedShape && parameter.dtype == dtype,
        "layerNorm over \(normalizedShape) in \(dtype) with a parameter of \(parameter.shape) in \(parameter.dtype)")
    }
    requireSameDevice(weight, bias, for: "layerNorm")
    let x = self
    let rows = Array((0..<rank - normalizedShape.count))
    let columns = Array((rank - normalizedShape.count)..<rank)
    let kept = Shape.reduced(shape, over: columns, keepingDimensions: true)
    let mean = Tensor(uninitialized: kept, dtype: dtype, device: device)
    let variance = Tensor(uninitialized: kept, dtype: dtype, device: device)
    backend.moments(
      x, GroupExtents(outer: 1, groups: mean.count, inner: Shape.count(normalizedShape)), mean: mean,
      variance: variance)
    let moments = Moments(mean: mean, variance: variance, epsilon: epsilon)
    let y = Tensor(uninitialized: shape, dtype: dtype, device: device)
    backend.layerNormalize(x, moments, weight: weight, bias: bias, into: y)
    let parameters = NormalizationParameters(weight: weight, bias: bias)
    return y.recorded(
      as: "NativeLayerNormBackward0", from: ShortList([x] + parameters.tensors),
      saving: ShortList([x] + parameters.tensors)
    ) { gradient, inputs in
      guard !isGradEnabled else {
        let deviation = (x.variance(columns, unbiased: false, keepingDimensions: true) + epsilon).rsqrt()
        let normalized = (x - x.mean(columns, keepingDimensions: true)) * deviation
        inputs.add(
          0, normalizationGradient(weight.map { gradient * $0 } ?? gradient, normalized, deviation, columns))
        if let i = parameters.weightIndex { inputs.add(i, (gradient * normalized).sum(rows)) }
        if let i = parameters.biasIndex { inputs.add(i, gradient.sum(rows)) }
        return
      }
      parameters.writeGradients(of: x, shape: normalizedShape, to: inputs) { results in
        x.backend.layerNormalizeGradient(gradient, x, moments, weight: weight, into: results)
      }
    }
  }
}

/// The gradient of (x − mean) · deviation with respect to x, which mean and deviation come from.
///
/// - Parameters:
///   - gradient: With respect to the normalized elements.
///   - dimensions: Those over which mean and deviation were taken.
func normalizationGradient(
  _ gradient: Tensor, _ normalized: Tensor, _ deviation: Tensor, _ dimensions: [Int]
) -> Tensor {
  let average = gradient.mean(dimensions, keepingDimensions: true)
  let slope = (gradient * normalized).mean(dimensions, keepingDimensions: true)
  return deviation * (gradient - average - normalized * slope)
}

/// The weight and bias of a normalization, either of which may be left out, as inputs of an operation after x.
struct NormalizationParameters {
  let weight: Tensor?
  let bias: Tensor?

  var tensors: [Tensor] { [weight, bias].compactMap { $0 } }
  var weightIndex: Int? { weight == nil ? nil : 1 }
  var biasIndex: Int? { bias == nil ? nil : weight == nil ? 1 : 2 }

  /// Lets `body` write the gradients of x, weight and bias, those of parameters to their places in the arena; what
  /// nobody wants goes to memory that is forgotten.
  ///
  /// - Parameter shape: Of weight and bias.
  func writeGradients(
    of x: Tensor, shape: [Int], to inputs: GradientSink, _ body: (_ gradients: NormalizationGradients) -> Void
  ) {
    func write(_ index: Int?, _ body: (_ gradient: Tensor) -> Void) {
      func fresh() -> Tensor { Tensor(uninitialized: shape, dtype: x.dtype, device: x.device) }
      guard let index, inputs.needs(index) else { return body(fresh()) }
      inputs.write(index, shape: shape, dtype: x.dtype, device: x.device) { destination, adding in
        let gradient = adding ? fresh() : destination
        body(gradient)
        if adding { destination.accumulate(gradient) }
      }
    }
    write(weightIndex) { weight in
      write(biasIndex) { bias in
        let results = NormalizationGradients(input: x.uninitializedLike(), weight: weight, bias: bias)
        body(results)
        inputs.give(0, results.input)
      }
    }
  }
}
