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
    let columns = Shape.count(normalizedShape)
    let rows = Shape.count(Array(shape.dropLast(normalizedShape.count)))
    return normalizedRows(
      RowExtents(rows: rows, groups: 1, channels: columns, inner: 1), weight: weight, bias: bias, epsilon: epsilon,
      name: "NativeLayerNormBackward0")
  }

  /// Rows by moments of their own, then scaled and shifted by the parameters of their channels.
  func normalizedRows(
    _ extents: RowExtents, weight: Tensor?, bias: Tensor?, epsilon: Double, name: StaticString
  ) -> Tensor {
    let x = self
    let moments = Moments(
      mean: Tensor(uninitialized: [extents.rows], dtype: dtype, device: device),
      variance: Tensor(uninitialized: [extents.rows], dtype: dtype, device: device), epsilon: epsilon)
    let y = Tensor(uninitialized: shape, dtype: dtype, device: device)
    backend.normalizeRows(x, extents, weight: weight, bias: bias, moments: moments, into: y)
    let parameters = NormalizationParameters(weight: weight, bias: bias)
    return y.recorded(
      as: name, from: ShortList([x] + parameters.tensors), saving: ShortList([x] + parameters.tensors)
    ) { gradient, inputs in
      guard !isGradEnabled else {
        let samples = extents.rows / extents.groups
        let view = [samples, extents.groups, extents.channels, extents.inner]
        let (rows, received) = (x.reshaped(view), gradient.reshaped(view))
        let deviation = (rows.variance([2, 3], unbiased: false, keepingDimensions: true) + epsilon).rsqrt()
        let normalized = (rows - rows.mean([2, 3], keepingDimensions: true)) * deviation
        let scaled = weight.map { received * $0.reshaped([extents.groups, extents.channels, 1]) } ?? received
        inputs.add(0, normalizationGradient(scaled, normalized, deviation, [2, 3]).reshaped(x.shape))
        if let weight, let i = parameters.weightIndex {
          inputs.add(i, (received * normalized).sum([0, 3]).reshaped(weight.shape))
        }
        if let bias, let i = parameters.biasIndex { inputs.add(i, received.sum([0, 3]).reshaped(bias.shape)) }
        return
      }
      let shape = weight?.shape ?? bias?.shape ?? [extents.parameters]
      parameters.writeGradients(of: x, shape: shape, to: inputs) { ofWeight, ofBias in
        inputs.give(0, like: x) { input, others in
          x.backend.normalizeRowsGradient(
            gradient, x, extents, moments, weight: weight, addedTo: others,
            into: NormalizationGradients(input: input, weight: ofWeight, bias: ofBias))
        }
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

  /// Lets `body` write the gradients of weight and bias to their places in the arena; what nobody wants goes to memory
  /// that is forgotten.
  ///
  /// - Parameters:
  ///   - x: Of their type and device.
  ///   - shape: Of weight and bias.
  func writeGradients(
    of x: Tensor, shape: [Int], to inputs: GradientSink, _ body: (_ ofWeight: Tensor, _ ofBias: Tensor) -> Void
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
      write(biasIndex) { bias in body(weight, bias) }
    }
  }
}

extension Backend {
  /// Lets `body` write the gradients of a normalization, and adds `others`, which may be where it goes, to that of x.
  func add(
    _ others: Tensor, to results: NormalizationGradients, _ body: (_ gradients: NormalizationGradients) -> Void
  ) {
    let own = others === results.input ? others.uninitializedLike() : results.input
    body(NormalizationGradients(input: own, weight: results.weight, bias: results.bias))
    binary(.add, others, own, into: results.input)
  }
}
