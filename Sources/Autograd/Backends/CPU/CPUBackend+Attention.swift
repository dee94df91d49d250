import CKernels

extension CPUBackend: AttentionBackend {
  /// Rounded products are those of whole tensors.
  var attentionBackend: (any AttentionBackend)? { ProductPrecision.current == .bfloat16 ? nil : self }

  func computes(_: AttentionExtents, _: AttentionInputs<HeadRows>) -> Bool { true }

  func attention(_ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>, into result: HeadRows) {
    switch result.tensor.dtype {
    case .float32: AttentionHeads<Float>(attention, inputs).compute(into: result)
    case .float64: AttentionHeads<Double>(attention, inputs).compute(into: result)
    default: unsupported("attention", result.tensor.dtype)
    }
  }

  func attentionGradient(
    _ gradient: HeadRows, _ attention: AttentionExtents, _ inputs: AttentionInputs<HeadRows>,
    into results: AttentionInputs<HeadRows>
  ) {
    switch gradient.tensor.dtype {
    case .float32: AttentionHeads<Float>(attention, inputs).computeGradient(gradient, into: results)
    case .float64: AttentionHeads<Double>(attention, inputs).computeGradient(gradient, into: results)
    default: unsupported("attention", gradient.tensor.dtype)
    }
  }
}

/// An element type with the functions of rows that an attention needs.
protocol AttentionElement: BLASElement {
  static func softmax(_ rows: Int, _ columns: Int, _ x: UnsafePointer<Self>, _ y: UnsafeMutablePointer<Self>)

  static func softmaxGradient(
    _ rows: Int, _ columns: Int, _ gradient: UnsafePointer<Self>, of y: UnsafePointer<Self>,
    _ result: UnsafeMutablePointer<Self>)

  /// y = factor · x, for rows that lie so many elements apart.
  static func copyRows(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<Self>, _ xStride: Int, _ factor: Self,
    _ y: UnsafeMutablePointer<Self>, _ yStride: Int)

  /// y = xᵀ.
  static func transposeRows(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<Self>, _ xStride: Int, _ y: UnsafeMutablePointer<Self>,
    _ yStride: Int)
}

extension Float: AttentionElement {
  static func softmax(_ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ y: UnsafeMutablePointer<Float>) {
    dt_softmax_f32(rows, columns, x, 0, y)
  }

  static func softmaxGradient(
    _ rows: Int, _ columns: Int, _ gradient: UnsafePointer<Float>, of y: UnsafePointer<Float>,
    _ result: UnsafeMutablePointer<Float>
  ) {
    dt_softmax_gradient_f32(rows, columns, gradient, y, 0, result)
  }

  static func copyRows(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ factor: Float,
    _ y: UnsafeMutablePointer<Float>, _ yStride: Int
  ) {
    dt_copy_rows_f32(rows, columns, x, xStride, factor, y, yStride)
  }

  static func transposeRows(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<Float>, _ xStride: Int, _ y: UnsafeMutablePointer<Float>,
    _ yStride: Int
  ) {
    dt_transpose_rows_f32(rows, columns, x, xStride, y, yStride)
  }
}

extension Double: AttentionElement {
  static func softmax(_ rows: Int, _ columns: Int, _ x: UnsafePointer<Double>, _ y: UnsafeMutablePointer<Double>) {
    dt_softmax_f64(rows, columns, x, 0, y)
  }

  static func softmaxGradient(
    _ rows: Int, _ columns: Int, _ gradient: UnsafePointer<Double>, of y: UnsafePointer<Double>,
    _ result: UnsafeMutablePointer<Double>
  ) {
    dt_softmax_gradient_f64(rows, columns, gradient, y, 0, result)
  }

  static func copyRows(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<Double>, _ xStride: Int, _ factor: Double,
    _ y: UnsafeMutablePointer<Double>, _ yStride: Int
  ) {
    dt_copy_rows_f64(rows, columns, x, xStride, factor, y, yStride)
  }

  static func transposeRows(
    _ rows: Int, _ columns: Int, _ x: UnsafePointer<Double>, _ xStride: Int, _ y: UnsafeMutablePointer<Double>,
    _ yStride: Int
  ) {
    dt_transpose_rows_f64(rows, columns, x, xStride, y, yStride)
  }
}
