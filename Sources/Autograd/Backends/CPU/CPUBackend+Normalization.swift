import CKernels

extension CPUBackend {
  func moments(_ x: Tensor, _ extents: GroupExtents, mean: Tensor, variance: Tensor) {
    var groups = dt_groups(extents)
    switch x.dtype {
    case .float32: dt_moments_f32(&groups, x.pointer(), mean.pointer(), variance.pointer())
    case .float64: dt_moments_f64(&groups, x.pointer(), mean.pointer(), variance.pointer())
    default: unsupported("normalization", x.dtype)
    }
  }

  func follow(
    _ statistics: RunningStatistics, mean: Tensor, variance: Tensor, unbiased: Double, momentum: Double?
  ) {
    let batchCount = statistics.batchCount.pointer(Int64.self)
    batchCount.pointee += 1
    let part = momentum ?? 1 / Double(batchCount.pointee)
    func move<T: TensorElement & BinaryFloatingPoint>(_: T.Type) {
      let kept = T(1 - part)
      for (running, moment, part) in [
        (statistics.mean, mean, T(part)), (statistics.variance, variance, T(unbiased * part)),
      ] {
        let (running, moment) = (running.pointer(T.self), moment.pointer(T.self))
        for group in 0..<mean.count { running[group] = running[group] * kept + moment[group] * part }
      }
    }
    switch mean.dtype {
    case .float32: move(Float.self)
    case .float64: move(Double.self)
    default: unsupported("normalization", mean.dtype)
    }
  }

  func batchNormalize(
    _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?, bias: Tensor?,
    _ rectification: Rectification?, into result: Tensor
  ) {
    var groups = dt_groups(extents)
    let (mean, variance) = (moments.mean, moments.variance)
    let (residual, rectifies): (Tensor?, Int32) = (rectification?.residual, rectification == nil ? 0 : 1)
    switch x.dtype {
    case .float32:
      dt_batch_normalize_f32(
        &groups, x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon, weight?.pointer(), bias?.pointer(),
        residual?.pointer(), rectifies, result.pointer())
    case .float64:
      dt_batch_normalize_f64(
        &groups, x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon, weight?.pointer(), bias?.pointer(),
        residual?.pointer(), rectifies, result.pointer())
    default: unsupported("normalization", x.dtype)
    }
  }

  func batchNormalizeGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?,
    _ rectified: RectifiedNormalization?, into results: NormalizationGradients
  ) {
    var groups = dt_groups(extents)
    let (mean, variance) = (moments.mean, moments.variance)
    var (bias, bySign): (Tensor?, Int32) = (nil, 0)
    var (output, residual): (Tensor?, Tensor?) = (nil, nil)
    switch rectified {
    case nil: break
    case .result(let shift): (bias, bySign) = (shift, 1)
    case .sum(let sum, let residualGradient): (output, residual) = (sum, residualGradient)
    }
    switch x.dtype {
    case .float32:
      dt_batch_normalize_gradient_f32(
        &groups, gradient.pointer(), x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon,
        weight?.pointer(), bias?.pointer(), bySign, output?.pointer(), residual?.pointer(), results.input.pointer(),
        results.weight.pointer(), results.bias.pointer())
    case .float64:
      dt_batch_normalize_gradient_f64(
        &groups, gradient.pointer(), x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon,
        weight?.pointer(), bias?.pointer(), bySign, output?.pointer(), residual?.pointer(), results.input.pointer(),
        results.weight.pointer(), results.bias.pointer())
    default: unsupported("normalization", x.dtype)
    }
  }

  func layerNormalize(_ x: Tensor, _ moments: Moments, weight: Tensor?, bias: Tensor?, into result: Tensor) {
    let (mean, variance) = (moments.mean, moments.variance)
    let (rows, columns) = (mean.count, Self.columns(x, mean))
    switch x.dtype {
    case .float32:
      dt_layer_normalize_f32(
        rows, columns, x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon, weight?.pointer(),
        bias?.pointer(), result.pointer())
    case .float64:
      dt_layer_normalize_f64(
        rows, columns, x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon, weight?.pointer(),
        bias?.pointer(), result.pointer())
    default: unsupported("normalization", x.dtype)
    }
  }

  func layerNormalizeGradient(
    _ gradient: Tensor, _ x: Tensor, _ moments: Moments, weight: Tensor?, into results: NormalizationGradients
  ) {
    let (mean, variance) = (moments.mean, moments.variance)
    let (rows, columns) = (mean.count, results.weight.count)
    switch x.dtype {
    case .float32:
      dt_layer_normalize_gradient_f32(
        rows, columns, gradient.pointer(), x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon,
        weight?.pointer(), results.input.pointer())
      dt_layer_affine_gradient_f32(
        rows, columns, gradient.pointer(), x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon,
        results.weight.pointer(), results.bias.pointer())
    case .float64:
      dt_layer_normalize_gradient_f64(
        rows, columns, gradient.pointer(), x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon,
        weight?.pointer(), results.input.pointer())
      dt_layer_affine_gradient_f64(
        rows, columns, gradient.pointer(), x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon,
        results.weight.pointer(), results.bias.pointer())
    default: unsupported("normalization", x.dtype)
    }
  }

  /// The elements of a row of `x` when each of `means` belongs to one.
  private static func columns(_ x: Tensor, _ means: Tensor) -> Int { means.count == 0 ? 0 : x.count / means.count }
}

extension dt_groups {
  fileprivate init(_ extents: GroupExtents) {
    self.init(outer: extents.outer, groups: extents.groups, inner: extents.inner)
  }
}
