import CKernels

/// A convolution as matrix products: the windows of one image become the columns of a matrix.
struct ConvolutionColumns<T: ImageElement> {
  private let geometry: ConvolutionGeometry
  let columns: Tensor
  let window: dt_window
  /// A kernel of one element that does not skip any: the image is its own matrix of columns.
  private let isPointwise: Bool

  init(_ geometry: ConvolutionGeometry) {
    self.geometry = geometry
    let shape = [1, geometry.weight[1], geometry.input[2], geometry.input[3]]
    window = dt_window(geometry.window, shape, geometry.output)
    isPointwise =
      geometry.window.kernel == (1, 1) && geometry.window.stride == (1, 1) && geometry.window.padding == (0, 0)
    columns = Tensor(uninitialized: [geometry.groupTaps, geometry.outputPlane], dtype: T.dataType, device: .cpu)
  }

  /// Calls `body`, which makes such a product, with 0 to `count - 1`, on the threads that share the convolution, and with
  /// the columns of the thread.
  static func share(
    _ count: Int, _ geometry: ConvolutionGeometry, _ product: MatrixProduct, _ body: @escaping (Int, Self) -> Void
  ) {
    let threads = min(geometry.threads, count)
    let columns = (0..<threads).map { _ in Self(geometry) }
    if threads > 1 { T.reserveWorkspaces(threads, for: product) }
    LoopThreads.shared.share(count, over: threads) { body($0, columns[$1]) }
  }

  /// The products of one image and group: for the output, the columns' gradient and the weight's.
  static func products(
    _ geometry: ConvolutionGeometry
  ) -> (output: MatrixProduct, columns: MatrixProduct, weight: MatrixProduct) {
    let (filters, taps, positions) = (geometry.groupFilters, geometry.groupTaps, geometry.outputPlane)
    return (
      MatrixProduct(rows: filters, columns: positions, inner: taps),
      MatrixProduct(rows: taps, columns: positions, inner: filters, transposesFirst: true),
      MatrixProduct(rows: filters, columns: taps, inner: positions, transposesSecond: true)
    )
  }

  /// The matrix [taps, positions] of image `n`: the image's memory, or that of `columns`.
  func unfolded(_ x: Tensor, _ n: Int, _ group: Int) -> UnsafePointer<T> {
    let image = UnsafePointer(x.pointer(T.self) + geometry.inputOffset(n, group))
    guard !isPointwise else { return image }
    T.toColumns(window, image, columns.pointer(T.self))
    return UnsafePointer(columns.pointer(T.self))
  }
}

/// An element type whose images can be unfolded.
protocol ImageElement: BLASElement {
  static func toColumns(_ window: dt_window, _ image: UnsafePointer<Self>, _ columns: UnsafeMutablePointer<Self>)
  static func addColumns(_ window: dt_window, _ columns: UnsafePointer<Self>, _ image: UnsafeMutablePointer<Self>)
}

extension Float: ImageElement {
  static func toColumns(
    _ window: dt_window, _ image: UnsafePointer<Float>, _ columns: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: window) { dt_image_to_columns_f32($0, image, columns) }
  }
  static func addColumns(
    _ window: dt_window, _ columns: UnsafePointer<Float>, _ image: UnsafeMutablePointer<Float>
  ) {
    withUnsafePointer(to: window) { dt_add_columns_to_image_f32($0, columns, image) }
  }
}

extension Double: ImageElement {
  static func toColumns(
    _ window: dt_window, _ image: UnsafePointer<Double>, _ columns: UnsafeMutablePointer<Double>
  ) {
    withUnsafePointer(to: window) { dt_image_to_columns_f64($0, image, columns) }
  }
  static func addColumns(
    _ window: dt_window, _ columns: UnsafePointer<Double>, _ image: UnsafeMutablePointer<Double>
  ) {
    withUnsafePointer(to: window) { dt_add_columns_to_image_f64($0, columns, image) }
  }
}
