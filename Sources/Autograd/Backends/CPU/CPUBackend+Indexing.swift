import CKernels

extension CPUBackend {
  func gather(_ x: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    let kernel =
      switch x.dtype {
      case .uint8, .bool: dt_gather_8
      case .float32: dt_gather_32
      case .float64, .int64: dt_gather_64
      }
    kernel(
      extents.outer, extents.size, extents.picks, extents.inner, x.address, indices.pointer(), extents.isShared,
      result.address)
  }

  func scatterAdd(_ values: Tensor, at indices: Tensor, _ extents: IndexedExtents, into result: Tensor) {
    typealias Kernel<T> = (
      Int, Int, Int, Int, UnsafePointer<T>?, UnsafePointer<Int64>?, Bool, UnsafeMutablePointer<T>?
    ) -> Void
    func run<T: TensorElement>(_ kernel: Kernel<T>) {
      kernel(
        extents.outer, extents.size, extents.picks, extents.inner, values.pointer(), indices.pointer(),
        extents.isShared, result.pointer())
    }
    switch values.dtype {
    case .float32: run(dt_scatter_add_f32)
    case .float64: run(dt_scatter_add_f64)
    default: unsupported("the gradient of indexing", values.dtype)
    }
  }
}

extension IndexedPlaces {
  /// The first of some indices that is not from 0 to `limit - 1`.
  static func firstIndex(notBelow limit: Int, in indices: UnsafeBufferPointer<Int64>) -> Int64? {
    // A pass without branches first: nearly always there is none.
    if dt_are_below(indices.count, indices.baseAddress, Int64(limit)) { return nil }
    return indices.first { $0 < 0 || $0 >= limit }
  }
}
