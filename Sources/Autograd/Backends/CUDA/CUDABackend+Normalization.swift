extension CUDABackend {
  func moments(
    _ x: Tensor, _ extents: GroupExtents, mean: Tensor, variance: Tensor, followedBy statistics: RunningStatistics?
  ) {
    requireReal(x)
    let layout = x.layout
    if layout != .plain, let extents = extents.arranged(as: layout, of: x) {
      return moments(
        arranged(x, as: layout), extents, mean: mean, variance: variance, followedBy: statistics)
    }
    guard x.count > 0 else {
      fill(mean, with: .nan)
      return fill(variance, with: .nan)
    }
    // All blocks would have to have read the number of batches before it is counted on.
    if let statistics, statistics.momentum == nil {
      moments(x, extents, mean: mean, variance: variance, followedBy: nil)
      return follow(statistics, mean: mean, variance: variance)
    }
    let (suffix, results) = (x.suffix, KernelMoments(mean: mean, variance: variance, statistics))
    let parts = ReductionParts(extents, of: x)
    let sums = parts.count > 1 ? scratch(2 * parts.count * extents.groups, .float64) : nil
    defer { extendLifetime(sums) }
    if extents.inner == 1 {
      launch(
        "moments_of_columns_\(suffix)", in: .moments, columns: x.columnPacks(extents.groups), parts: parts,
        Extents(outer: 1, groups: extents.outer, inner: extents.groups), parts.chunk, x.address, sums?.address,
        results)
    } else {
      launch(
        "moments_of_groups_\(suffix)", in: .moments, rows: extents.groups, of: extents.packs(of: x),
        parts: parts.count, Extents(extents), parts.chunk, x.address, sums?.address, results)
    }
    guard let sums else { return }
    launch(
      "moments_of_parts_\(suffix)", in: .moments, rows: extents.groups, of: parts.count, extents.groups,
      parts.count, extents.inner, extents.count, x.address, sums.address, results)
  }

  func follow(_ statistics: RunningStatistics, mean: Tensor, variance: Tensor) {
    requireReal(mean)
    device.launch(
      "follow_moments_\(mean.dtype.suffix)", in: .moments, blocks: 1, threads: 256, mean.count, mean.address,
      variance.address, Running(statistics), statistics.momentum ?? 0,
      Int32(statistics.momentum == nil ? 1 : 0), statistics.batchCount.address)
  }

  func batchNormalize(
    _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?, bias: Tensor?,
    _ rectification: Rectification?, into result: Tensor
  ) {
    requireReal(x)
    let residual = rectification?.residual
    var layout = x.layout
    if let residual, !residual.layout.isBFloat16 { layout.isBFloat16 = false }
    if layout != .plain, let extents = extents.arranged(as: layout, of: x) {
      let (x, residual) = (arranged(x, as: layout), residual.map { arranged($0, as: layout) })
      let rectification = rectification.map { _ in Rectification(residual: residual) }
      return write(result, as: layout) {
        batchNormalize(x, extents, moments, weight: weight, bias: bias, rectification, into: $0)
      }
    }
    let width = packWidth(extents, [x, result] + (residual.map { [$0] } ?? []))
    launch(
      "batch_normalize_\(x.suffix)", in: .normalization, over: x.count / width,
      rowsOf: extents.packsInRow(of: width), Extents(extents),
      Int32(width > 1 ? 1 : 0), x.address, Normalization(moments, weight: weight, bias: bias), residual?.address,
      Int32(rectification == nil ? 0 : 1), result.address)
  }

  func batchNormalizeGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?,
    _ rectified: RectifiedNormalization?, into results: NormalizationGradients
  ) {
    requireReal(x)
    var layout = x.layout
    if case .sum(let output, _) = rectified, !output.layout.isBFloat16 { layout.isBFloat16 = false }
    if layout != .plain, let extents = extents.arranged(as: layout, of: x) {
      let (x, gradient) = (arranged(x, as: layout), arranged(gradient, as: layout))
      return write(results.input, as: layout) { input in
        let results = NormalizationGradients(input: input, weight: results.weight, bias: results.bias)
        func compute(_ rectified: RectifiedNormalization?) {
          batchNormalizeGradient(gradient, x, extents, moments, weight: weight, rectified, into: results)
        }
        guard case .sum(let output, let residualGradient) = rectified else { return compute(rectified) }
        let sum = arranged(output, as: layout)
        write(residualGradient, as: layout) { compute(.sum(output: sum, residualGradient: $0)) }
      }
    }
    let suffix = x.suffix
    let parts = ReductionParts(extents, of: x)
    let sums = parts.count > 1 ? scratch(2 * parts.count * extents.groups, .float64) : nil
    let slopes = scratch(6 * extents.groups, x.dtype)
    defer { extendLifetime((sums, slopes)) }
    // What reaches the normalization itself: after the sums it is there as the residual's gradient, or follows from x.
    var (passed, isRectified): (Tensor, Int32) = (gradient, 0)
    var (bias, output): (Tensor?, Tensor?) = (nil, nil)
    switch rectified {
    case nil: break
    case .result(let shift): (bias, isRectified) = (shift, 1)
    case .sum(let sum, let residualGradient): (output, passed) = (sum, residualGradient)
    }
    let batch = BatchGradient(
      normalization: Normalization(moments, weight: weight, bias: bias), gradient: gradient.address, x: x.address,
      output: output?.address, residualGradient: output.map { _ in passed.address }, slopes: slopes.address,
      weightGradient: results.weight.address, biasGradient: results.bias.address, isRectified: isRectified)
    if extents.inner == 1 {
      launch(
        "batch_gradient_sums_of_columns_\(suffix)", in: .normalization, columns: x.columnPacks(extents.groups),
        parts: parts, Extents(outer: 1, groups: extents.outer, inner: extents.groups), parts.chunk, batch,
        sums?.address)
    } else {
      launch(
        "batch_gradient_sums_of_groups_\(suffix)", in: .normalization, rows: extents.groups,
        of: extents.packs(of: x), parts: parts.count, Extents(extents), parts.chunk, batch, sums?.address)
    }
    if let sums {
      launch(
        "batch_gradient_sums_of_parts_\(suffix)", in: .normalization, rows: extents.groups, of: parts.count,
        extents.groups, parts.count, extents.count, batch, sums.address)
    }
    let width = packWidth(extents, [passed, x, results.input])
    launch(
      "batch_gradient_\(suffix)", in: .normalization, over: x.count / width,
      rowsOf: extents.packsInRow(of: width), Extents(extents), Int32(width > 1 ? 1 : 0), passed.address, x.address,
      slopes.address, isRectified, results.input.address)
  }

  func requireReal(_ x: Tensor) {
    if !x.dtype.isFloatingPoint { unsupported("normalization", x.dtype) }
  }

  /// How many neighbouring elements, of one group or of as many in a row, a thread takes at once.
  private func packWidth(_ extents: GroupExtents, _ arrays: [Tensor]) -> Int {
    guard arrays.allSatisfy({ $0.address.isAligned(to: 16) }) else { return 1 }
    let across = arrays[0].elementByteCount > 4 ? 2 : 4
    return extents.inner == 1 && extents.groups % across == 0 ? across : extents.packWidth(of: arrays[0])
  }
}

extension GroupExtents {
  /// The elements of a group.
  fileprivate var count: Int { outer * inner }

  /// How many neighbouring elements, all of one group, are added up at once.
  fileprivate func packWidth(of x: Tensor) -> Int {
    let width = 16 / x.elementByteCount
    return inner % width == 0 ? width : 1
  }

  /// The packs after which the groups come again, where a group has one element in a row.
  fileprivate func packsInRow(of width: Int) -> Int { inner == 1 ? groups / width : 1 }

  /// The packs of so many elements in a group.
  fileprivate func packs(of x: Tensor) -> Int { count / packWidth(of: x) }
}

extension ReductionParts {
  fileprivate init(_ extents: GroupExtents, of x: Tensor) {
    if extents.inner == 1 {
      self.init(matrices: 1, rows: extents.outer, columns: x.columnPacks(extents.groups))
    } else {
      self.init(groups: extents.groups, length: extents.packs(of: x), width: extents.packWidth(of: x))
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

/// `Running` in `moments.cu`.
private struct Running: KernelArgument {
  let mean: UnsafeMutableRawPointer?
  let variance: UnsafeMutableRawPointer?
  let unbiased: Double

  init(_ statistics: RunningStatistics?) {
    (mean, variance) = (statistics?.mean.address, statistics?.variance.address)
    unbiased = statistics?.unbiased ?? 0
  }
}

/// `Moments` in `moments.cu`.
private struct KernelMoments: KernelArgument {
  let mean: UnsafeMutableRawPointer
  let variance: UnsafeMutableRawPointer
  let running: Running
  let part: Double
  let batchCount: UnsafeMutableRawPointer?

  init(mean: Tensor, variance: Tensor, _ statistics: RunningStatistics?) {
    (self.mean, self.variance, running) = (mean.address, variance.address, Running(statistics))
    (part, batchCount) = (statistics?.momentum ?? 0, statistics?.batchCount.address)
  }
}

/// `Normalization` in `normalization.cu`.
private struct Normalization: KernelArgument {
  let mean: UnsafeMutableRawPointer
  let variance: UnsafeMutableRawPointer
  let weight: UnsafeMutableRawPointer?
  let bias: UnsafeMutableRawPointer?
  let epsilon: Double

  init(_ moments: Moments, weight: Tensor?, bias: Tensor?) {
    (mean, variance, epsilon) = (moments.mean.address, moments.variance.address, moments.epsilon)
    (self.weight, self.bias) = (weight?.address, bias?.address)
  }
}

/// `BatchGradient` in `normalization.cu`.
private struct BatchGradient: KernelArgument {
  let normalization: Normalization
  let gradient: UnsafeMutableRawPointer
  let x: UnsafeMutableRawPointer
  let output: UnsafeMutableRawPointer?
  let residualGradient: UnsafeMutableRawPointer?
  let slopes: UnsafeMutableRawPointer
  let weightGradient: UnsafeMutableRawPointer
  let biasGradient: UnsafeMutableRawPointer
  let isRectified: Int32
}
