extension CUDABackend {
  func moments(_ x: Tensor, _ extents: GroupExtents, mean: Tensor, variance: Tensor) {
    requireReal(x)
    guard x.count > 0 else {
      fill(mean, with: .nan)
      return fill(variance, with: .nan)
    }
    let suffix = x.dtype.suffix
    let parts = ReductionParts(extents)
    let sums = parts.count > 1 ? scratch(2 * parts.count * extents.groups, .float64) : nil
    defer { extendLifetime(sums) }
    if extents.inner == 1 {
      launch(
        "moments_of_columns_\(suffix)", in: .normalization, columns: extents.groups, parts: parts.count,
        Extents(outer: 1, groups: extents.outer, inner: extents.groups), parts.chunk, x.address, sums?.address,
        mean.address, variance.address)
    } else {
      launch(
        "moments_of_groups_\(suffix)", in: .normalization, rows: extents.groups, of: extents.count, parts: parts.count,
        Extents(extents), parts.chunk, x.address, sums?.address, mean.address, variance.address)
    }
    guard let sums else { return }
    launch(
      "moments_of_parts_\(suffix)", in: .normalization, rows: extents.groups, of: parts.count, extents.groups,
      parts.count, extents.inner, extents.count, x.address, sums.address, mean.address, variance.address)
  }

  func batchNormalize(
    _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?, bias: Tensor?, into result: Tensor
  ) {
    requireReal(x)
    let width = packWidth(extents, [x, result])
    launch(
      "batch_normalize_\(x.dtype.suffix)", in: .normalization, over: x.count / width, Extents(extents),
      Int32(width > 1 ? 1 : 0), x.address, moments.mean.address, moments.variance.address, moments.epsilon,
      weight?.address, bias?.address, result.address)
  }

  func batchNormalizeGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?,
    into results: NormalizationGradients
  ) {
    requireReal(x)
    let suffix = x.dtype.suffix
    let parts = ReductionParts(extents)
    let sums = parts.count > 1 ? scratch(2 * parts.count * extents.groups, .float64) : nil
    let slopes = scratch(3 * extents.groups, x.dtype)
    defer { extendLifetime((sums, slopes)) }
    let outcome = BatchGradient(
      mean: moments.mean.address, variance: moments.variance.address, weight: weight?.address,
      epsilon: moments.epsilon, slopes: slopes.address, weightGradient: results.weight.address,
      biasGradient: results.bias.address)
    if extents.inner == 1 {
      launch(
        "batch_gradient_sums_of_columns_\(suffix)", in: .normalization, columns: extents.groups, parts: parts.count,
        Extents(outer: 1, groups: extents.outer, inner: extents.groups), parts.chunk, gradient.address, x.address,
        outcome, sums?.address)
    } else {
      launch(
        "batch_gradient_sums_of_groups_\(suffix)", in: .normalization, rows: extents.groups, of: extents.count,
        parts: parts.count, Extents(extents), parts.chunk, gradient.address, x.address, outcome, sums?.address)
    }
    if let sums {
      launch(
        "batch_gradient_sums_of_parts_\(suffix)", in: .normalization, rows: extents.groups, of: parts.count,
        extents.groups, parts.count, extents.count, outcome, sums.address)
    }
    let width = packWidth(extents, [gradient, x, results.input])
    launch(
      "batch_gradient_\(suffix)", in: .normalization, over: x.count / width, Extents(extents),
      Int32(width > 1 ? 1 : 0), gradient.address, x.address, moments.mean.address, slopes.address,
      results.input.address)
  }

  func layerNormalize(_ x: Tensor, _ moments: Moments, weight: Tensor?, bias: Tensor?, into result: Tensor) {
    requireReal(x)
    let rows = moments.mean.count
    guard rows > 0 else { return }
    let columns = x.count / rows
    launch(
      "layer_normalize_\(x.dtype.suffix)", in: .normalization, rows: rows, of: columns, rows, columns, x.address,
      moments.mean.address, moments.variance.address, moments.epsilon, weight?.address, bias?.address, result.address)
  }

  func layerNormalizeGradient(
    _ gradient: Tensor, _ x: Tensor, _ moments: Moments, weight: Tensor?, into results: NormalizationGradients
  ) {
    requireReal(x)
    let suffix = x.dtype.suffix
    let (rows, columns) = (moments.mean.count, results.weight.count)
    launch(
      "layer_gradient_\(suffix)", in: .normalization, rows: rows, of: columns, rows, columns, gradient.address,
      x.address, moments.mean.address, moments.variance.address, moments.epsilon, weight?.address,
      results.input.address)
    let parts = ReductionParts(matrices: 1, rows: rows, columns: columns)
    let sums = parts.count > 1 ? scratch(2 * parts.count * columns, .float64) : nil
    defer { extendLifetime(sums) }
    launch(
      "layer_affine_gradient_\(suffix)", in: .normalization, columns: columns, parts: parts.count, rows, columns,
      parts.chunk, gradient.address, x.address, moments.mean.address, moments.variance.address, moments.epsilon,
      sums?.address, results.weight.address, results.bias.address)
    guard let sums else { return }
    launch(
      "layer_affine_gradient_of_parts_\(suffix)", in: .normalization, rows: columns, of: parts.count, columns,
      parts.count, sums.address, results.weight.address, results.bias.address)
  }

  private func requireReal(_ x: Tensor) {
    if !x.dtype.isFloatingPoint { unsupported("normalization", x.dtype) }
  }

  /// How many neighbouring elements, all of one group, a thread takes at once.
  private func packWidth(_ extents: GroupExtents, _ arrays: [Tensor]) -> Int {
    let width = 16 / arrays[0].dtype.byteCount
    return extents.inner % width == 0 && arrays.allSatisfy { $0.address.isAligned(to: 16) } ? width : 1
  }
}

extension GroupExtents {
  /// The elements of a group.
  fileprivate var count: Int { outer * inner }
}

extension ReductionParts {
  fileprivate init(_ extents: GroupExtents) {
    if extents.inner == 1 {
      self.init(matrices: 1, rows: extents.outer, columns: extents.groups)
    } else {
      self.init(groups: extents.groups, length: extents.count)
    }
  }
}

/// `Extents` in `reduce.h`.
private struct Extents: KernelArgument {
  let outer: Int
  let groups: Int
  let inner: Int

  init(outer: Int, groups: Int, inner: Int) {
    self.outer = outer
    self.groups = groups
    self.inner = inner
  }

  init(_ extents: GroupExtents) { self.init(outer: extents.outer, groups: extents.groups, inner: extents.inner) }
}

/// `BatchGradient` in `normalization.cu`.
private struct BatchGradient: KernelArgument {
  let mean: UnsafeMutableRawPointer
  let variance: UnsafeMutableRawPointer
  let weight: UnsafeMutableRawPointer?
  let epsilon: Double
  let slopes: UnsafeMutableRawPointer
  let weightGradient: UnsafeMutableRawPointer
  let biasGradient: UnsafeMutableRawPointer
}
