import CKernels

extension CPUBackend {
  func convolution(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into result: Tensor
  ) {
    let winograd = WinogradConvolution(geometry, x.dtype)
    if let winograd, winograd.convolve(x, weight, bias: bias, into: result) { return }
    let direct = DirectConvolution(geometry, x.dtype)
    guard !direct.isFasterForward else { return direct.convolve(x, weight, bias: bias, into: result) }
    if let depthwise = DepthwiseConvolution(geometry, x.dtype) {
      return depthwise.convolve(x, weight, bias: bias, into: result)
    }
    if let planes = PlaneConvolution(geometry, x.dtype, filters: geometry.groupFilters) {
      return planes.convolve(x, weight, bias: bias, into: result)
    }
    switch x.dtype {
    case .float32: convolve(Float.self, x, weight, bias, geometry, result)
    case .float64: convolve(Double.self, x, weight, bias, geometry, result)
    default: unsupported("convolution", x.dtype)
    }
  }

  func convolutionInputGradient(
    _ gradient: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor, adding: Bool
  ) {
    guard !adding else {
      return add(to: result) { convolutionInputGradient(gradient, weight, geometry, into: $0, adding: false) }
    }
    let winograd = WinogradConvolution(geometry, gradient.dtype)
    if let winograd, winograd.inputGradient(gradient, weight, into: result) { return }
    let direct = DirectConvolution(geometry, gradient.dtype)
    guard !direct.isFasterBackward else { return direct.inputGradient(gradient, weight, into: result) }
    if let depthwise = DepthwiseConvolution(geometry, gradient.dtype) {
      return depthwise.inputGradient(gradient, weight, into: result)
    }
    if let planes = PlaneConvolution(geometry, gradient.dtype, filters: geometry.groupChannels) {
      return planes.inputGradient(gradient, weight, into: result)
    }
    fill(result, with: 0)
    switch gradient.dtype {
    case .float32: inputGradient(Float.self, gradient, weight, geometry, result)
    case .float64: inputGradient(Double.self, gradient, weight, geometry, result)
    default: unsupported("convolution", gradient.dtype)
    }
  }

  func convolutionWeightGradient(
    _ x: Tensor, _ gradient: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor, adding: Bool
  ) {
    if let winograd = WinogradConvolution(geometry, x.dtype) {
      let own = adding ? result.uninitializedLike() : result
      if winograd.weightGradient(x, gradient, into: own) {
        if adding { binary(.add, result, own, into: result) }
        return
      }
    }
    let direct = DirectConvolution(geometry, x.dtype)
    guard !direct.isFasterForWeight else { return direct.weightGradient(x, gradient, into: result, adding: adding) }
    if let depthwise = DepthwiseConvolution(geometry, x.dtype) {
      return depthwise.weightGradient(x, gradient, into: result, adding: adding)
    }
    let planes = PlaneConvolution(geometry, x.dtype, filters: geometry.groupFilters)
    if let planes, planes.weightGradient(x, gradient, into: result, adding: adding) { return }
    switch x.dtype {
    case .float32: weightGradient(Float.self, x, gradient, geometry, result, adding: adding)
    case .float64: weightGradient(Double.self, x, gradient, geometry, result, adding: adding)
    default: unsupported("convolution", x.dtype)
    }
  }

  func pooledConvolution(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry
  ) -> (result: Tensor, backward: any PooledConvolution)? {
    CPUPooledConvolution.computed(x, weight, bias: bias, geometry)
  }

  private func convolve<T: ImageElement>(
    _: T.Type, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: ConvolutionGeometry, _ result: Tensor
  ) {
    let product = ConvolutionColumns<T>.products(geometry).output
    ConvolutionColumns<T>.share(geometry.input[0], geometry, product) { n, c in
      for group in 0..<geometry.groups {
        let out = result.pointer(T.self) + geometry.outputOffset(n, group)
        if let bias {
          let values = bias.pointer(T.self) + group * geometry.groupFilters
          for filter in 0..<geometry.groupFilters {
            (out + filter * geometry.outputPlane).update(repeating: values[filter], count: geometry.outputPlane)
          }
        }
        multiply(
          product, weight.pointer(T.self) + geometry.weightOffset(group), c.unfolded(x, n, group), out,
          adding: bias != nil)
      }
    }
  }

  private func inputGradient<T: ImageElement>(
    _: T.Type, _ gradient: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, _ result: Tensor
  ) {
    let product = ConvolutionColumns<T>.products(geometry).columns
    ConvolutionColumns<T>.share(geometry.input[0], geometry, product) { n, c in
      for group in 0..<geometry.groups {
        multiply(
          product, weight.pointer(T.self) + geometry.weightOffset(group),
          gradient.pointer(T.self) + geometry.outputOffset(n, group),
          c.columns.pointer(T.self), adding: false)
        T.addColumns(c.window, c.columns.pointer(T.self), result.pointer(T.self) + geometry.inputOffset(n, group))
      }
    }
  }

  /// Threads share pieces of the batch, or the product of each image where that is large enough.
  private func weightGradient<T: ImageElement>(
    _: T.Type, _ x: Tensor, _ gradient: Tensor, _ geometry: ConvolutionGeometry, _ result: Tensor, adding: Bool
  ) {
    let images = geometry.input[0]
    let columns = ConvolutionColumns<T>(geometry)
    let product = ConvolutionColumns<T>.products(geometry).weight
    func add(_ n: Int, _ c: ConvolutionColumns<T>, to sums: Tensor, adding: Bool) {
      for group in 0..<geometry.groups {
        multiply(
          product, gradient.pointer(T.self) + geometry.outputOffset(n, group), c.unfolded(x, n, group),
          sums.pointer(T.self) + geometry.weightOffset(group), adding: adding)
      }
    }
    let pieces = BatchSums.pieces(of: images, places: geometry.outputPlane, byteCount: result.byteCount)
    let sharesProduct =
      product.rows * product.columns * product.inner >= LoopThreads.smallestShared && T.hasFixedBits(product)
    guard pieces.count > 1, !sharesProduct else {
      if images == 0 && !adding { fill(result, with: 0) }
      for n in 0..<images { add(n, columns, to: result, adding: adding || n > 0) }
      return
    }
    let sums = BatchSums(pieces: pieces.count, count: result.count, result.dtype)
    ConvolutionColumns<T>.share(pieces.count, geometry, product) { piece, columns in
      for n in pieces[piece] { add(n, columns, to: sums[piece], adding: true) }
    }
    result.part(shape: [result.count]).gather(sums.total(), strides: [1], adding: adding)
  }

  /// `c` = op(a) · op(b), or that added to `c`, with the same bits by any number of threads.
  private func multiply<T: BLASElement>(
    _ p: MatrixProduct, _ a: UnsafePointer<T>, _ b: UnsafePointer<T>, _ c: UnsafeMutablePointer<T>, adding: Bool
  ) {
    guard !T.hasFixedBits(p) else { return gemm(p, a, b, c, adding: adding) }
    LoopThreads.using(threads: 1) { gemm(p, a, b, c, adding: adding) }
  }
}
