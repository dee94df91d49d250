/// Convolutions, pooling and normalizations.
extension ProfilingBackend {
  func convolution(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into result: Tensor
  ) {
    recorded(convolution("conv2d", geometry, x, weight, result)) {
      base.convolution(x, weight, bias: bias, geometry, into: result)
    }
  }

  func filters(_ weight: Tensor, of geometry: ConvolutionGeometry) -> Tensor {
    recordedIfCopied(weight) { base.filters($0, of: geometry) }
  }

  func convolutionInputGradient(
    _ gradient: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor, adding: Bool
  ) {
    recorded(convolution("conv2dInputGradient", geometry, gradient, weight, result)) {
      base.convolutionInputGradient(gradient, weight, geometry, into: result, adding: adding)
    }
  }

  func convolutionWeightGradient(
    _ x: Tensor, _ gradient: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor, adding: Bool
  ) {
    recorded(convolution("conv2dWeightGradient", geometry, x, gradient, result)) {
      base.convolutionWeightGradient(x, gradient, geometry, into: result, adding: adding)
    }
  }

  func pooledConvolution(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry
  ) -> (result: Tensor, backward: any PooledConvolution)? {
    let elements = x.count + weight.count + geometry.output.reduce(1, *) / 4
    func compute() -> (result: Tensor, backward: any PooledConvolution)? {
      base.pooledConvolution(x, weight, bias: bias, geometry)
    }
    guard let profiler = Profiler.current else { return compute() }
    let work = OperatorWork(
      "pooledConv2d", .init(geometry), flops: 2 * geometry.multiplications, bytes: elements * x.dtype.byteCount)
    guard let (result, backward) = profiler.measureIfDone(work, compute) else { return nil }
    return (result, ProfiledPooledConvolution(base: backward, geometry: geometry))
  }

  private func convolution(
    _ name: String, _ geometry: ConvolutionGeometry, _ a: Tensor, _ b: Tensor, _ result: Tensor
  ) -> OperatorWork {
    OperatorWork(
      name, .init(geometry), flops: 2 * geometry.multiplications, bytes: a.byteCount + b.byteCount + result.byteCount)
  }

  func maximumPool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    recorded(.init("maxPool2d", x.extent, bytes: x.byteCount + result.byteCount)) {
      base.maximumPool(x, window, into: result)
    }
  }

  func maximumPoolScatter(_ gradient: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    recorded(
      .init(
        "maxPool2dScatter", x.extent, bytes: gradient.byteCount + x.byteCount + y.byteCount + result.byteCount)
    ) { base.maximumPoolScatter(gradient, x, y, window, into: result) }
  }

  func maximumPoolGather(_ values: Tensor, _ x: Tensor, _ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    recorded(.init("maxPool2dGather", x.extent, bytes: x.byteCount + y.byteCount + 2 * result.byteCount)) {
      base.maximumPoolGather(values, x, y, window, into: result)
    }
  }

  func sample(_ x: Tensor, at grid: Tensor, _ sampling: GridSampling, into result: Tensor) -> Bool {
    let bytes = x.byteCount + grid.byteCount + result.byteCount
    return recordedIfDone(.init("sampleGrid", result.extent, bytes: bytes)) {
      base.sample(x, at: grid, sampling, into: result)
    }
  }

  func sampleGradient(
    _ gradient: Tensor, of x: Tensor, at grid: Tensor, _ sampling: GridSampling, ofImages: Tensor?, ofGrid: Tensor?
  ) {
    let bytes = gradient.byteCount + 2 * (x.byteCount + grid.byteCount)
    recorded(.init("sampleGridGradient", gradient.extent, bytes: bytes)) {
      base.sampleGradient(gradient, of: x, at: grid, sampling, ofImages: ofImages, ofGrid: ofGrid)
    }
  }

  func averagePool(_ x: Tensor, _ window: SlidingWindow, into result: Tensor) {
    recorded(.init("avgPool2d", x.extent, bytes: x.byteCount + result.byteCount)) {
      base.averagePool(x, window, into: result)
    }
  }

  func averagePoolSpread(_ y: Tensor, _ window: SlidingWindow, into result: Tensor) {
    recorded(.init("avgPool2dSpread", result.extent, bytes: y.byteCount + result.byteCount)) {
      base.averagePoolSpread(y, window, into: result)
    }
  }

  func moments(
    _ x: Tensor, _ extents: GroupExtents, mean: Tensor, variance: Tensor, followedBy statistics: RunningStatistics?
  ) {
    let (name, arrays) = statistics == nil ? ("moments", 2) : ("moments, follow", 6)
    recorded(.init(name, x.extent, bytes: x.byteCount + arrays * mean.byteCount)) {
      base.moments(x, extents, mean: mean, variance: variance, followedBy: statistics)
    }
  }

  func follow(_ statistics: RunningStatistics, mean: Tensor, variance: Tensor) {
    recorded(.init("followMoments", mean.extent, bytes: 6 * mean.byteCount)) {
      base.follow(statistics, mean: mean, variance: variance)
    }
  }

  func batchNormalize(
    _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?, bias: Tensor?,
    _ rectification: Rectification?, into result: Tensor
  ) {
    let (name, arrays) =
      switch rectification {
      case nil: ("batchNorm", 2)
      case let rectification? where rectification.residual == nil: ("batchNorm, relu", 2)
      default: ("batchNorm, add, relu", 3)
      }
    recorded(.init(name, x.extent, bytes: arrays * x.byteCount)) {
      base.batchNormalize(x, extents, moments, weight: weight, bias: bias, rectification, into: result)
    }
  }

  func batchNormalizeGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: GroupExtents, _ moments: Moments, weight: Tensor?,
    _ rectified: RectifiedNormalization?, into results: NormalizationGradients
  ) {
    let (name, arrays) =
      switch rectified {
      case nil: ("batchNormGradient", 3)
      case .result: ("batchNormGradient, relu", 3)
      case .sum: ("batchNormGradient, add, relu", 5)
      }
    recorded(.init(name, x.extent, bytes: arrays * x.byteCount)) {
      base.batchNormalizeGradient(gradient, x, extents, moments, weight: weight, rectified, into: results)
    }
  }

  func normalizeRows(
    _ x: Tensor, _ extents: RowExtents, weight: Tensor?, bias: Tensor?, moments: Moments, into result: Tensor
  ) {
    recorded(.init(extents.normalization, x.extent, bytes: x.byteCount + result.byteCount)) {
      base.normalizeRows(x, extents, weight: weight, bias: bias, moments: moments, into: result)
    }
  }

  func normalizeRowsGradient(
    _ gradient: Tensor, _ x: Tensor, _ extents: RowExtents, _ moments: Moments, weight: Tensor?,
    addedTo others: Tensor?, into results: NormalizationGradients
  ) {
    let (name, arrays) = others == nil ? ("Gradient", 3) : ("Gradient, add", 4)
    recorded(.init(extents.normalization + name, x.extent, bytes: arrays * x.byteCount)) {
      base.normalizeRowsGradient(gradient, x, extents, moments, weight: weight, addedTo: others, into: results)
    }
  }
}

extension RowExtents {
  fileprivate var normalization: String { groups == 1 && inner == 1 ? "layerNorm" : "groupNorm" }
}

/// The backward pass of a pooled convolution, recorded with the operations that were really made.
private struct ProfiledPooledConvolution: PooledConvolution {
  let base: any PooledConvolution
  let geometry: ConvolutionGeometry

  func gradients(
    of gradient: Tensor, input: Tensor?, weight: (destination: Tensor, adding: Bool)?, bias: Tensor?
  ) -> Int {
    func compute() -> Int { base.gradients(of: gradient, input: input, weight: weight, bias: bias) }
    guard let profiler = Profiler.current else { return compute() }
    let elements =
      gradient.count + geometry.input.reduce(1, *) * (input == nil ? 1 : 2)
      + geometry.weight.reduce(1, *) * (input == nil ? 1 : 2)
    let bytes = elements * gradient.dtype.byteCount
    return profiler.measureCounting(.init("pooledConv2dGradient", .init(geometry), bytes: bytes), compute)
  }
}

extension OperatorWork.Extent {
  fileprivate init(_ geometry: ConvolutionGeometry) {
    self = .convolution(input: geometry.input, weight: geometry.weight)
  }
}
