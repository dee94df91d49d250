import CKernels

extension CPUBackend {
  func moments(
    _ x: Tensor, _ extents: GroupExtents, mean: Tensor, variance: Tensor, followedBy statistics: RunningStatistics?
  ) {
    var groups = dt_groups(extents)
    switch x.dtype {
    case .float32: dt_moments_f32(&groups, x.pointer(), mean.pointer(), variance.pointer())
    case .float64: dt_moments_f64(&groups, x.pointer(), mean.pointer(), variance.pointer())
    default: unsupported("normalization", x.dtype)
    }
    if let statistics { follow(statistics, mean: mean, variance: variance) }
  }

  func follow(_ statistics: RunningStatistics, mean: Tensor, variance: Tensor) {
    let batchCount = statistics.batchCount.pointer(Int64.self)
    batchCount.pointee += 1
    let part = statistics.momentum ?? 1 / Double(batchCount.pointee)
    func move<T: TensorElement & BinaryFloatingPoint>(_: T.Type) {
      let kept = T(1 - part)
      for (running, moment, part) in [
        (statistics.mean, mean, T(part)), (statistics.variance, variance, T(statistics.unbiased * part)),
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

  func normalizeRows(
    _ x: Tensor, _ extents: RowExtents, weight: Tensor?, bias: Tensor?, moments: Moments, into result: Tensor
  ) {
    var rows = dt_rows(extents)
    let (mean, variance) = (moments.mean, moments.variance)
    switch x.dtype {
    case .float32:
      dt_row_normalize_f32(
        &rows, x.pointer(), moments.epsilon, weight?.pointer(), bias?.pointer(), mean.pointer(), variance.pointer(),
        result.pointer())
    case .float64:
      dt_row_normalize_f64(
        &rows, x.pointer(), moments.epsilon, weight?.pointer(), bias?.pointer(), mean.pointer(), variance.pointer(),
        result.pointer())
    default: unsupported("normalization", x.dtype)
    }
  }

  func normalizeRowsGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: RowExtents, _ moments: Moments, weight: Tensor?,
    addedTo others: Tensor?, into results: NormalizationGradients
  ) {
    if let others {
      return add(others, to: results) {
        normalizeRowsGradient(gradient, x, extents, moments, weight: weight, addedTo: nil, into: $0)
      }
    }
    var rows = dt_rows(extents)
    let (mean, variance) = (moments.mean, moments.variance)
    let sums = Tensor(uninitialized: [2, extents.parameters], dtype: .float64, device: .cpu)
    switch x.dtype {
    case .float32:
      dt_row_normalize_gradient_f32(
        &rows, gradient.pointer(), x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon,
        weight?.pointer(), sums.pointer(), results.input.pointer(), results.weight.pointer(), results.bias.pointer())
    case .float64:
      dt_row_normalize_gradient_f64(
        &rows, gradient.pointer(), x.pointer(), mean.pointer(), variance.pointer(), moments.epsilon,
        weight?.pointer(), sums.pointer(), results.input.pointer(), results.weight.pointer(), results.bias.pointer())
    default: unsupported("normalization", x.dtype)
    }
  }
}

extension dt_groups {
  fileprivate init(_ extents: GroupExtents) {
    self.init(outer: extents.outer, groups: extents.groups, inner: extents.inner)
  }
}

extension dt_rows {
  fileprivate init(_ extents: RowExtents) {
    self.init(rows: extents.rows, groups: extents.groups, channels: extents.channels, inner: extents.inner)
  }
}
