import CKernels

extension CPUBackend {
  func convolution(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry, into result: Tensor
  ) {
    let direct = DirectConvolution(geometry, x.dtype)
    guard !direct.isFasterForward else { return direct.convolve(x, weight, bias: bias, into: result) }
    switch x.dtype {
    case .float32: convolve(Float.self, x, weight, bias, geometry, result)
    case .float64: convolve(Double.self, x, weight, bias, geometry, result)
    default: unsupported("convolution", x.dtype)
    }
  }

  func convolutionInputGradient(
    _ gradient: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, into result: Tensor
  ) {
    let direct = DirectConvolution(geometry, gradient.dtype)
    guard !direct.isFasterBackward else { return direct.inputGradient(gradient, weight, into: result) }
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
    let direct = DirectConvolution(geometry, x.dtype)
    guard !direct.isFasterForWeight else { return direct.weightGradient(x, gradient, into: result, adding: adding) }
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
    let c = ConvolutionColumns<T>(geometry)
    defer { extendLifetime(c.columns) }
    for n in 0..<geometry.input[0] {
      for group in 0..<geometry.groups {
        let out = result.pointer(T.self) + c.outputOffset(n, group)
        if let bias {
          let values = bias.pointer(T.self) + group * c.filters
          for filter in 0..<c.filters {
            (out + filter * c.positions).update(repeating: values[filter], count: c.positions)
          }
        }
        gemm(
          MatrixProduct(rows: c.filters, columns: c.positions, inner: c.taps),
          weight.pointer(T.self) + c.weightOffset(group), c.unfolded(x, n, group), out, adding: bias != nil)
      }
    }
  }

  private func inputGradient<T: ImageElement>(
    _: T.Type, _ gradient: Tensor, _ weight: Tensor, _ geometry: ConvolutionGeometry, _ result: Tensor
  ) {
    let c = ConvolutionColumns<T>(geometry)
    defer { extendLifetime(c.columns) }
    for n in 0..<geometry.input[0] {
      for group in 0..<geometry.groups {
        gemm(
          MatrixProduct(rows: c.taps, columns: c.positions, inner: c.filters, transposesFirst: true),
          weight.pointer(T.self) + c.weightOffset(group), gradient.pointer(T.self) + c.outputOffset(n, group),
          c.columns.pointer(T.self), adding: false)
        T.addColumns(c.window, c.columns.pointer(T.self), result.pointer(T.self) + c.inputOffset(n, group))
      }
    }
  }

  private func weightGradient<T: ImageElement>(
    _: T.Type, _ x: Tensor, _ gradient: Tensor, _ geometry: ConvolutionGeometry, _ result: Tensor, adding: Bool
  ) {
    let c = ConvolutionColumns<T>(geometry)
    defer { extendLifetime(c.columns) }
    if geometry.input[0] == 0 && !adding { fill(result, with: 0) }
    for n in 0..<geometry.input[0] {
      for group in 0..<geometry.groups {
        gemm(
          MatrixProduct(rows: c.filters, columns: c.taps, inner: c.positions, transposesSecond: true),
          gradient.pointer(T.self) + c.outputOffset(n, group), c.unfolded(x, n, group),
          result.pointer(T.self) + c.weightOffset(group), adding: adding || n > 0)
      }
    }
  }
}

/// A convolution as matrix products: the windows of one image become the columns of a matrix.
private struct ConvolutionColumns<T: ImageElement> {
  /// Output channels, input elements under the kernel, and output places, each for one group.
  let filters: Int
  let taps: Int
  let positions: Int
  let columns: Tensor
  let window: dt_window
  private let groups: Int
  /// A kernel of one element that does not skip any: the image is its own matrix of columns.
  private let isPointwise: Bool

  init(_ geometry: ConvolutionGeometry) {
    groups = geometry.groups
    filters = geometry.weight[0] / groups
    taps = geometry.weight[1] * geometry.weight[2] * geometry.weight[3]
    positions = geometry.outputSize.height * geometry.outputSize.width
    let shape = [1, geometry.weight[1], geometry.input[2], geometry.input[3]]
    window = dt_window(geometry.window, shape, geometry.output)
    isPointwise =
      geometry.window.kernel == (1, 1) && geometry.window.stride == (1, 1) && geometry.window.padding == (0, 0)
    columns = Tensor(uninitialized: [taps, positions], dtype: T.dataType, device: .cpu)
  }

  func inputOffset(_ n: Int, _ group: Int) -> Int {
    (n * groups + group) * window.channels * window.height * window.width
  }
  func outputOffset(_ n: Int, _ group: Int) -> Int { (n * groups + group) * filters * positions }
  func weightOffset(_ group: Int) -> Int { group * filters * taps }

  /// The matrix [taps, positions] of image `n`: the image's memory, or that of `columns`.
  func unfolded(_ x: Tensor, _ n: Int, _ group: Int) -> UnsafePointer<T> {
    let image = UnsafePointer(x.pointer(T.self) + inputOffset(n, group))
    guard !isPointwise else { return image }
    T.toColumns(window, image, columns.pointer(T.self))
    return UnsafePointer(columns.pointer(T.self))
  }
}

/// An element type whose images can be unfolded.
private protocol ImageElement: BLASElement {
  static func toColumns(_ window: dt_window, _ image: UnsafePointer<Self>, _ columns: UnsafeMutablePointer<Self>)
  static func addColumns(_ window: dt_window, _ columns: UnsafePointer<Self>, _ image: UnsafeMutablePointer<Self>)
}

extension Float: ImageElement {
  fileprivate static func toColumns(
    _ window: dt_window, _ image: UnsafePointer<Float>, _ columns: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: window) { dt_image_to_columns_f32($0, image, columns) }
  }
  fileprivate static func addColumns(
    _ window: dt_window, _ columns: UnsafePointer<Float>, _ image: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: window) { dt_add_columns_to_image_f32($0, columns, image) }
  }
}

extension Double: ImageElement {
  fileprivate static func toColumns(
    _ window: dt_window, _ image: UnsafePointer<Double>, _ columns: UnsafeMutablePointer<Double>
  ) {
    withUnsafePointer(to: window) { dt_image_to_columns_f64($0, image, columns) }
  }
  fileprivate static func addColumns(
    _ window: dt_window, _ columns: UnsafePointer<Double>, _ image: UnsafeMutablePointer<Double>
  ) {
    withUnsafePointer(to: window) { dt_add_columns_to_image_f64($0, columns, image) }
  }
}
