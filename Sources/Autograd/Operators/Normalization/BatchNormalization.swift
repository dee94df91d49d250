extension Tensor {
  /// Channels brought to mean 0 and variance 1 over the batch, then scaled and shifted, as
  /// `torch.nn.functional.batch_norm` in training (Ioffe & Szegedy, arXiv:1502.03167):
  ///
  ///     y = (x − mean) / √(variance + ε) · weight + bias
  ///
  /// - Parameters:
  ///   - weight: [C], or `nil` for ones.
  ///   - bias: [C], or `nil` for zeros.
  ///   - epsilon: What is added to the variance.
  /// - Returns: The result, of this tensor's shape [N, C, …], and the mean and variance of every channel, [C] each,
  ///   detached. The variance is the mean square, divided by the number of elements; both are 0 for an empty batch.
  public func batchNorm(
    weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) -> (output: Tensor, mean: Tensor, variance: Tensor) {
    batchNorm(weight: weight, bias: bias, epsilon: epsilon, followedBy: nil, moving: nil)
  }

  /// The same and, in the same passes over memory, a ReLU of the output or of its sum with a residual; with `statistics`
  /// that follow mean and variance, of a batch that is not empty.
  ///
  /// The bits are those of the operations after one another, but where a GPU rounds the result of each to bfloat16, and so
  /// are the gradient functions that are seen from outside.
  func batchNorm(
    weight: Tensor?, bias: Tensor?, epsilon: Double, followedBy rectification: Rectification?,
    moving statistics: RunningStatistics?
  ) -> (output: Tensor, mean: Tensor, variance: Tensor) {
    let extents = channelExtents([weight, bias], rectification)
    precondition(
      extents.outer * extents.inner != 1,
      "batchNorm of shape \(shape): a single value a channel has no variance to normalize by")
    let x = self
    guard count > 0 else {
      // There is nothing to normalize, by whatever moments.
      let moment = Tensor.zeros([extents.groups], dtype: dtype, device: device)
      let output = batchNorm(
        mean: moment, variance: moment, weight: weight, bias: bias, epsilon: epsilon, followedBy: rectification)
      return (output, moment, moment)
    }
    let mean = Tensor(uninitialized: [extents.groups], dtype: dtype, device: device)
    let variance = Tensor(uninitialized: [extents.groups], dtype: dtype, device: device)
    backend.moments(x, extents, mean: mean, variance: variance, followedBy: statistics)
    let moments = Moments(mean: mean, variance: variance, epsilon: epsilon)
    let y = Tensor(uninitialized: shape, dtype: dtype, device: device)
    backend.batchNormalize(x, extents, moments, weight: weight, bias: bias, rectification, into: y)
    let parameters = NormalizationParameters(weight: weight, bias: bias)
    let rectified = rectification.map { ($0, output: y.detached()) }
    let residual = rectification?.residual
    let sources = [x] + parameters.tensors
    let output = y.recorded(
      as: rectification.name(after: "NativeBatchNormBackward0"),
      from: ShortList(sources + [residual].compactMap { $0 }),
      saving: ShortList(sources + [mean, variance] + [rectified?.output].compactMap { $0 })
    ) { gradient, inputs in
      guard !isGradEnabled else {
        let gradient = rectified.map { $0.gradient(gradient, $1) } ?? gradient
        let (mean, variance) = x.batchMoments()
        let deviation = (variance + epsilon).rsqrt().asChannels(of: x)
        let normalized = (x - mean.asChannels(of: x)) * deviation
        let scaled = weight.map { gradient * $0.asChannels(of: x) } ?? gradient
        inputs.add(0, normalizationGradient(scaled, normalized, deviation, x.batchDimensions))
        if let i = parameters.weightIndex { inputs.add(i, (gradient * normalized).sum(x.batchDimensions)) }
        if let i = parameters.biasIndex { inputs.add(i, gradient.sum(x.batchDimensions)) }
        if residual != nil { inputs.add(sources.count, gradient) }
        return
      }
      let residualGradient = residual?.uninitializedLike()
      let passage = rectified.map { _, output -> RectifiedNormalization in
        residualGradient.map { .sum(output: output, residualGradient: $0) } ?? .result(bias: bias)
      }
      parameters.writeGradients(of: x, shape: mean.shape, to: inputs) { ofWeight, ofBias in
        let results = NormalizationGradients(input: x.uninitializedLike(), weight: ofWeight, bias: ofBias)
        x.backend.batchNormalizeGradient(gradient, x, extents, moments, weight: weight, passage, into: results)
        inputs.give(0, results.input)
      }
      if let residualGradient { inputs.give(sources.count, residualGradient) }
    }
    return (output, mean, variance)
  }

  /// Mean and variance (divided by the number of elements) of every channel of a batch [N, C, …]: [C] each.
  ///
  /// With ``batchNorm(mean:variance:weight:bias:epsilon:)`` they make up batch normalization in two steps, between
  /// which the moments can be combined with those of other parts of the batch. Gradients flow through both.
  public func batchMoments() -> (mean: Tensor, variance: Tensor) {
    precondition(rank >= 2, "batchMoments needs shape [N, C, …], not \(shape)")
    requireFloatingPoint(for: "batchMoments")
    let x = self
    let extents = GroupExtents(outer: shape[0], groups: shape[1], inner: Shape.count(Array(shape[2...])))
    let both = Tensor(uninitialized: [2, extents.groups], dtype: dtype, device: device)
    let mean = both.part(shape: [extents.groups])
    backend.moments(
      x, extents, mean: mean, variance: both.part(at: extents.groups, shape: [extents.groups]), followedBy: nil)
    let recorded = both.recorded(as: "BatchMomentsBackward0", from: [x], saving: [x, both]) { gradient, inputs in
      let elements = Double(extents.outer * extents.inner)
      let (shift, slope) = (gradient[0] / elements, gradient[1] * (2 / elements))
      guard !isGradEnabled else {
        let distance = x - x.mean(x.batchDimensions).asChannels(of: x)
        return inputs.add(0, distance * slope.asChannels(of: x) + shift.asChannels(of: x))
      }
      let result = x.uninitializedLike()
      let moments = Moments(mean: mean, variance: .onesLike(mean), epsilon: 0)
      x.backend.batchNormalize(x, extents, moments, weight: slope, bias: shift, nil, into: result)
      inputs.give(0, result)
    }
    return (recorded[0], recorded[1])
  }

  /// Channels normalized by given statistics, then scaled and shifted: in evaluation, by the running ones.
  ///
  /// - Parameters:
  ///   - mean: [C]. Gradients flow to it if it requires any, and likewise to the others.
  ///   - variance: [C].
  ///   - weight: [C], or `nil` for ones.
  ///   - bias: [C], or `nil` for zeros.
  ///   - epsilon: What is added to the variance.
  public func batchNorm(
    mean: Tensor, variance: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) -> Tensor {
    batchNorm(mean: mean, variance: variance, weight: weight, bias: bias, epsilon: epsilon, followedBy: nil)
  }

  /// The same and, in the same pass over memory, a ReLU of the result or of its sum with a residual.
  func batchNorm(
    mean: Tensor, variance: Tensor, weight: Tensor?, bias: Tensor?, epsilon: Double,
    followedBy rectification: Rectification?
  ) -> Tensor {
    let extents = channelExtents([mean, variance, weight, bias], rectification)
    let x = self
    let y = Tensor(uninitialized: shape, dtype: dtype, device: device)
    backend.batchNormalize(
      x, extents, Moments(mean: mean, variance: variance, epsilon: epsilon), weight: weight, bias: bias, rectification,
      into: y)
    let parameters = NormalizationParameters(weight: weight, bias: bias)
    let rectified = rectification.map { ($0, output: y.detached()) }
    let residual = rectification?.residual
    let given = [x] + parameters.tensors + [mean, variance]
    return y.recorded(
      as: rectification.name(after: "NativeBatchNormBackward0"),
      from: ShortList(given + [residual].compactMap { $0 }),
      saving: ShortList(given + [rectified?.output].compactMap { $0 })
    ) { gradient, inputs in
      let gradient = rectified.map { $0.gradient(gradient, $1) } ?? gradient
      let (meanIndex, varianceIndex) = (given.count - 2, given.count - 1)
      if residual != nil { inputs.add(given.count, gradient) }
      let deviation = (variance + epsilon).rsqrt()
      let scale = weight.map { $0 * deviation } ?? deviation
      inputs.add(0, gradient * scale.asChannels(of: x))
      if parameters.biasIndex.map(inputs.needs) ?? false || inputs.needs(meanIndex) {
        let total = gradient.sum(x.batchDimensions)
        if let i = parameters.biasIndex { inputs.add(i, total) }
        inputs.add(meanIndex, -(total * scale))
      }
      guard parameters.weightIndex.map(inputs.needs) ?? false || inputs.needs(varianceIndex) else { return }
      let along = (gradient * (x - mean.asChannels(of: x))).sum(x.batchDimensions)
      if let i = parameters.weightIndex { inputs.add(i, along * deviation) }
      inputs.add(varianceIndex, -0.5 * along * scale * deviation * deviation)
    }
  }

  /// All dimensions but that of the channels.
  private var batchDimensions: [Int] { (0..<rank).filter { $0 != 1 } }

  /// One value a channel, [C], in a shape that broadcasts to that of `x`, [N, C, …].
  private func asChannels(of x: Tensor) -> Tensor {
    reshaped([count] + Array(repeating: 1, count: x.rank - 2))
  }

  /// This tensor as [N, C, …], after a check that each of the statistics and parameters has one value a channel, and
  /// that a residual has this shape.
  private func channelExtents(_ parameters: [Tensor?], _ rectification: Rectification?) -> GroupExtents {
    precondition(rank >= 2, "batchNorm needs shape [N, C, …], not \(shape)")
    for case let parameter? in parameters {
      precondition(
        parameter.shape == [shape[1]] && parameter.dtype == dtype,
        "batchNorm of shape \(shape) in \(dtype) with statistics or parameters of \(parameter.shape) in \(parameter.dtype)"
      )
    }
    if let residual = rectification?.residual {
      precondition(
        residual.shape == shape && residual.dtype == dtype,
        "batchNorm of shape \(shape) in \(dtype) with a residual of \(residual.shape) in \(residual.dtype)")
    }
    for parameter in parameters + [rectification?.residual] { requireSameDevice(parameter, for: "batchNorm") }
    return GroupExtents(outer: shape[0], groups: shape[1], inner: shape[2...].reduce(1, *))
  }
}
