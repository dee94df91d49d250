extension CUDABackend {
  func normalizeRows(
    _ x: Tensor, _ extents: RowExtents, weight: Tensor?, bias: Tensor?, moments: Moments, into result: Tensor
  ) {
    requireReal(x)
    let (suffix, parameters) = (x.dtype.suffix, RowParameters(weight: weight, bias: bias))
    let (mean, variance) = (moments.mean.address, moments.variance.address)
    if x.count > 0 && ReductionParts(groups: extents.rows, length: extents.count).count == 1 {
      return launch(
        "row_normalize_\(suffix)", in: .rowNormalization, rows: extents.rows, of: extents.count, Rows(extents),
        x.address, moments.epsilon, parameters, mean, variance, result.address)
    }
    self.moments(
      x, GroupExtents(outer: 1, groups: extents.rows, inner: extents.count), mean: moments.mean,
      variance: moments.variance, followedBy: nil)
    guard x.count > 0 else { return }
    launch(
      "row_normalize_by_moments_\(suffix)", in: .rowNormalization, rows: extents.rows, of: extents.count,
      Rows(extents), x.address, moments.epsilon, parameters, mean, variance, result.address)
  }

  func normalizeRowsGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: RowExtents, _ moments: Moments, weight: Tensor?,
    addedTo others: Tensor?, into results: NormalizationGradients
  ) {
    requireReal(x)
    // In another layout they would be written once more to be read.
    if let others, others.layout != .plain {
      return add(others, to: results) {
        normalizeRowsGradient(gradient, x, extents, moments, weight: weight, addedTo: nil, into: $0)
      }
    }
    let suffix = x.dtype.suffix
    let scales = scratch(extents.rows, x.dtype)
    if x.count > 0 {
      launch(
        "row_gradient_\(suffix)", in: .rowNormalization, rows: extents.rows, of: extents.count, Rows(extents),
        gradient.address, x.address, moments.mean.address, moments.variance.address, moments.epsilon, weight?.address,
        others?.address, results.input.address, scales.address)
    }
    let (samples, parameters) = (extents.rows / extents.groups, extents.parameters)
    let isColumn = extents.inner == 1
    let parts =
      isColumn
      ? ReductionParts(matrices: 1, rows: samples, columns: parameters)
      : ReductionParts(groups: parameters, length: samples * extents.inner)
    let sums = parts.count > 1 ? scratch(2 * parts.count * parameters, .float64) : nil
    defer { extendLifetime((sums, scales)) }
    let gradients = ParameterGradients(
      gradient: gradient.address, x: x.address, mean: moments.mean.address, scales: scales.address,
      weightGradient: results.weight.address, biasGradient: results.bias.address)
    if isColumn {
      launch(
        "row_parameters_of_columns_\(suffix)", in: .rowNormalization, columns: parameters, parts: parts,
        Rows(extents), parts.chunk, gradients, sums?.address)
    } else {
      launch(
        "row_parameters_of_channels_\(suffix)", in: .rowNormalization, rows: parameters, of: samples * extents.inner,
        parts: parts.count, Rows(extents), parts.chunk, gradients, sums?.address)
    }
    guard let sums else { return }
    launch(
      "row_parameters_of_parts_\(suffix)", in: .rowNormalization, rows: parameters, of: parts.count, parameters,
      parts.count, gradients, sums.address)
  }
}

/// `Rows` in `row_normalization.cu`.
private struct Rows: KernelArgument {
  let rows: Int
  let groups: Int
  let channels: Int
  let inner: Int

  init(_ extents: RowExtents) {
    (rows, groups, channels, inner) = (extents.rows, extents.groups, extents.channels, extents.inner)
  }
}

/// `RowParameters` in `row_normalization.cu`.
private struct RowParameters: KernelArgument {
  let weight: UnsafeMutableRawPointer?
  let bias: UnsafeMutableRawPointer?

  init(weight: Tensor?, bias: Tensor?) { (self.weight, self.bias) = (weight?.address, bias?.address) }
}

/// `ParameterGradients` in `row_normalization.cu`.
private struct ParameterGradients: KernelArgument {
  let gradient: UnsafeMutableRawPointer
  let x: UnsafeMutableRawPointer
  let mean: UnsafeMutableRawPointer
  let scales: UnsafeMutableRawPointer
  let weightGradient: UnsafeMutableRawPointer
  let biasGradient: UnsafeMutableRawPointer
}
