import CKernels

extension CPUBackend {
  func sample(_ x: Tensor, at grid: Tensor, _ sampling: GridSampling, into result: Tensor) -> Bool {
    switch x.dtype {
    case .float32:
      shareImages(of: x, sampling, grid) {
        dt_sample_grid_f32($0, x.from($1.image), grid.from($1.grid), result.from($1.samples))
      }
    case .float64:
      shareImages(of: x, sampling, grid) {
        dt_sample_grid_f64($0, x.from($1.image), grid.from($1.grid), result.from($1.samples))
      }
    default: unsupported("sampling", x.dtype)
    }
    return true
  }

  func sampleGradient(
    _ gradient: Tensor, of x: Tensor, at grid: Tensor, _ sampling: GridSampling, ofImages: Tensor?, ofGrid: Tensor?
  ) {
    if let ofImages { fill(ofImages, with: 0) }
    switch x.dtype {
    case .float32:
      shareImages(of: x, sampling, grid) {
        dt_sample_grid_gradient_f32(
          $0, gradient.from($1.samples), x.from($1.image), grid.from($1.grid), ofImages?.from($1.image),
          ofGrid?.from($1.grid))
      }
    case .float64:
      shareImages(of: x, sampling, grid) {
        dt_sample_grid_gradient_f64(
          $0, gradient.from($1.samples), x.from($1.image), grid.from($1.grid), ofImages?.from($1.image),
          ofGrid?.from($1.grid))
      }
    default: unsupported("the gradient of sampling", x.dtype)
    }
  }

  /// Calls `body` for each image, with where it, its part of the grid and its samples begin.
  private func shareImages(
    of x: Tensor, _ sampling: GridSampling, _ grid: Tensor,
    _ body: @escaping (UnsafePointer<dt_grid_sampling>, (image: Int, grid: Int, samples: Int)) -> Void
  ) {
    let (channels, pixels, places) = (x.shape[1], x.shape[2] * x.shape[3], grid.shape[1] * grid.shape[2])
    precondition(pixels <= Int32.max, "sampling an image of \(pixels) pixels; \(Int32.max) is the limit")
    let form = dt_grid_sampling(
      channels: channels, height: x.shape[2], width: x.shape[3], places: places, nearest: sampling.areNearest,
      repeats_border: sampling.repeatsBorder, aligns_corners: sampling.alignsCorners)
    let threads = LoopThreads.threads(forElements: 4 * x.shape[0] * channels * places)
    LoopThreads.shared.share(x.shape[0], over: threads) { image, _ in
      withUnsafePointer(to: form) {
        body($0, (image * channels * pixels, image * places * 2, image * channels * places))
      }
    }
  }
}
