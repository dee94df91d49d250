import CKernels

extension CPUBackend {
  func sortingPlaces(_ x: Tensor, extents: ReductionExtents, descending: Bool, into places: Tensor) {
    typealias Kernel<T> = (
      Int, Int, Int, UnsafePointer<T>?, Bool, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int64>?
    ) -> Void
    func run<T: TensorElement>(_ kernel: Kernel<T>) {
      let workspace = Tensor(uninitialized: [4 * extents.reduced], dtype: x.dtype, device: .cpu)
      kernel(
        extents.outer, extents.reduced, extents.inner, x.pointer(), descending, workspace.address, places.pointer())
    }
    precondition(extents.reduced <= UInt32.max, "sorting \(extents.reduced) elements; \(UInt32.max) is the limit")
    switch x.dtype {
    case .float32: run(dt_sorting_places_f32)
    case .float64: run(dt_sorting_places_f64)
    case .int64: run(dt_sorting_places_i64)
    default: unsupported("sorting", x.dtype)
    }
  }

  func largestPlaces(_ x: Tensor, extents: ReductionExtents, count: Int, into places: Tensor) -> Bool {
    typealias Kernel<T> = (
      Int, Int, Int, Int, Int, UnsafePointer<T>?, UnsafeMutableRawPointer?, UnsafeMutablePointer<Int64>?
    ) -> Void
    let room = min(extents.reduced, count + max(count, 31))
    func run<T: TensorElement>(_ kernel: Kernel<T>) {
      let workspace = Tensor(uninitialized: [4 * room], dtype: x.dtype, device: .cpu)
      kernel(
        extents.outer, extents.reduced, extents.inner, count, room, x.pointer(), workspace.address, places.pointer())
    }
    precondition(extents.reduced <= UInt32.max, "topK of \(extents.reduced) elements; \(UInt32.max) is the limit")
    switch x.dtype {
    case .float32: run(dt_top_places_f32)
    case .float64: run(dt_top_places_f64)
    case .int64: run(dt_top_places_i64)
    default: unsupported("topK", x.dtype)
    }
    return true
  }

  func cumulativeSum(_ x: Tensor, extents: ReductionExtents, reversed: Bool, into result: Tensor) {
    typealias Kernel<T> = (Int, Int, Int, UnsafePointer<T>?, Bool, UnsafeMutablePointer<T>?) -> Void
    func run<T: TensorElement>(_ kernel: Kernel<T>) {
      kernel(extents.outer, extents.reduced, extents.inner, x.pointer(), reversed, result.pointer())
    }
    switch x.dtype {
    case .float32: run(dt_cumulative_sum_f32)
    case .float64: run(dt_cumulative_sum_f64)
    case .int64: run(dt_cumulative_sum_i64)
    default: unsupported("cumulative sum", x.dtype)
    }
  }

  func cumulativeProduct(_ x: Tensor, extents: ReductionExtents, into result: Tensor) -> Bool {
    typealias Kernel<T> = (Int, Int, Int, UnsafePointer<T>?, Bool, UnsafeMutablePointer<T>?) -> Void
    func run<T: TensorElement>(_ kernel: Kernel<T>) {
      kernel(extents.outer, extents.reduced, extents.inner, x.pointer(), false, result.pointer())
    }
    switch x.dtype {
    case .float32: run(dt_cumulative_product_f32)
    case .float64: run(dt_cumulative_product_f64)
    case .int64: run(dt_cumulative_product_i64)
    default: unsupported("cumulative product", x.dtype)
    }
    return true
  }

  func cumulativeProductGradient(
    _ gradient: Tensor, of x: Tensor, products: Tensor, extents: ReductionExtents, into result: Tensor
  ) -> Bool {
    typealias Kernel<T> = (
      Int, Int, Int, UnsafePointer<T>?, UnsafePointer<T>?, UnsafePointer<T>?, UnsafeMutablePointer<T>?
    ) -> Void
    func run<T: TensorElement>(_ kernel: Kernel<T>) {
      kernel(
        extents.outer, extents.reduced, extents.inner, gradient.pointer(), x.pointer(), products.pointer(),
        result.pointer())
    }
    switch x.dtype {
    case .float32: run(dt_cumulative_product_gradient_f32)
    case .float64: run(dt_cumulative_product_gradient_f64)
    default: unsupported("the gradient of a cumulative product", x.dtype)
    }
    return true
  }
}
