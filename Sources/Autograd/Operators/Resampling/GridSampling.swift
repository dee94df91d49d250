extension Tensor {
  /// Images sampled at the places of a grid, as `torch.nn.functional.grid_sample`; with ``affineGrid(to:alignsCorners:)`` a
  /// spatial transformer (M. Jaderberg et al., arXiv:1506.02025).
  ///
  /// - Parameters:
  ///   - grid: [N, rows, columns, 2] of this tensor's type: the x and y of a place, from −1 to 1 within the image.
  ///   - nearest: Whether a sample is the nearest pixel, from which the grid gets gradients of 0, rather than one between
  ///     its four neighbors, in proportion to their distances.
  ///   - repeatsBorder: Whether beyond its border an image goes on as there, rather than with zeros.
  ///   - alignsCorners: Whether −1 and 1 are the centers of the pixels at the border, rather than the ends of the image.
  /// - Returns: [N, C, rows, columns] for this tensor's [N, C, H, W], of at most 2²⁴ rows and columns in `float32`.
  public func sampled(
    at grid: Tensor, nearest: Bool = false, repeatsBorder: Bool = false, alignsCorners: Bool = false
  ) -> Tensor {
    requireFloatingPoint(for: "sampled")
    precondition(
      rank == 4 && shape[2] > 0 && shape[3] > 0 && grid.rank == 4 && grid.shape[0] == shape[0] && grid.shape[3] == 2
        && grid.dtype == dtype,
      "sampled of shape \(shape) in \(dtype) at a grid of shape \(grid.shape) in \(grid.dtype): needs shape "
        + "[N, C, H, W] with pixels, and a grid [N, rows, columns, 2] of the same type")
    precondition(
      dtype == .float64 || max(shape[2], shape[3]) <= 1 << 24,
      "sampled of shape \(shape): \(dtype) tells at most \(1 << 24) rows or columns from one another")
    requireSameDevice(grid, for: "sampled")
    let x = self
    let sampling = GridSampling(areNearest: nearest, repeatsBorder: repeatsBorder, alignsCorners: alignsCorners)
    let result = Tensor(
      uninitialized: [shape[0], shape[1], grid.shape[1], grid.shape[2]], dtype: dtype, device: device)
    guard backend.sample(x, at: grid, sampling, into: result) else { return x.sampled(at: grid, sampling) }
    return result.recorded(as: "GridSampler2DBackward0", from: [x, grid], saving: [x, grid]) { gradient, inputs in
      guard !isGradEnabled else { return inputs.walk(gradient: gradient) { x.sampled(at: grid, sampling) } }
      let ofImages = inputs.needs(0) ? x.uninitializedLike() : nil
      let ofGrid = inputs.needs(1) ? grid.uninitializedLike() : nil
      x.backend.sampleGradient(gradient, of: x, at: grid, sampling, ofImages: ofImages, ofGrid: ofGrid)
      if let ofImages { inputs.give(0, ofImages) }
      if let ofGrid { inputs.give(1, ofGrid) }
    }
  }

  /// The same by an operation for each step.
  private func sampled(at grid: Tensor, _ sampling: GridSampling) -> Tensor {
    func neighbors(_ coordinate: Int, _ size: Int) -> Neighbors {
      Neighbors(of: grid[0..., 0..., 0..., coordinate], size, sampling)
    }
    let (across, down) = (neighbors(0, shape[3]), neighbors(1, shape[2]))
    let image = Tensor.arange(shape[0], device: device).reshaped([-1, 1, 1]) * shape[2]
    let pixels = (down.places.unsqueezed(1) + image) * shape[3] + across.places.unsqueezed(0)
    let found = permuted([0, 2, 3, 1]).reshaped([shape[0] * shape[2] * shape[3], shape[1]])
      .selected(pixels.reshaped([pixels.count]), along: 0).reshaped(pixels.shape + [shape[1]])
    let isInside = down.areInside.unsqueezed(1) .& across.areInside.unsqueezed(0)
    let weights = down.weights.unsqueezed(1) * across.weights.unsqueezed(0)
    return (found.filled(with: 0, where: (.!isInside).unsqueezed(-1)) * weights.unsqueezed(-1))
      .sum([0, 1]).permuted([0, 3, 1, 2])
  }

  /// The grid at which ``sampled(at:nearest:repeatsBorder:alignsCorners:)`` gives images transformed by these matrices, as
  /// `torch.nn.functional.affine_grid`.
  ///
  /// - Parameters:
  ///   - size: Rows and columns of the transformed images.
  ///   - alignsCorners: Whether −1 and 1 are the centers of the pixels at the border, rather than the ends of the image.
  /// - Returns: [N, rows, columns, 2] for this tensor's [N, 2, 3], whose products with (x, y, 1) are the places.
  public func affineGrid(to size: (Int, Int), alignsCorners: Bool = false) -> Tensor {
    requireFloatingPoint(for: "affineGrid")
    precondition(
      rank == 3 && shape[1...] == [2, 3] && size.0 > 0 && size.1 > 0,
      "affineGrid to \(size) of shape \(shape): needs shape [N, 2, 3], and a size")
    func centers(_ count: Int) -> Tensor {
      let steps = Tensor.arange(count, device: device).cast(to: dtype) * 2 - Double(count - 1)
      return steps / Double(alignsCorners ? max(count - 1, 1) : count)
    }
    func column(_ index: Int) -> Tensor { self[0..., 0..., index].reshaped([-1, 1, 1, 2]) }
    return column(0) * centers(size.1).reshaped([1, 1, -1, 1]) + column(1) * centers(size.0).reshaped([1, -1, 1, 1])
      + column(2)
  }
}

/// What samples at the places of a grid are; see ``Tensor/sampled(at:nearest:repeatsBorder:alignsCorners:)``.
struct GridSampling {
  let areNearest: Bool
  let repeatsBorder: Bool
  let alignsCorners: Bool
}

/// The pixels that samples are made of, along one dimension of an image.
private struct Neighbors {
  /// [k, N, rows, columns], each a pixel of the image.
  let places: Tensor
  /// Whether there is such a pixel.
  let areInside: Tensor
  /// Their parts of the samples, 0 where there are none.
  let weights: Tensor

  init(of grid: Tensor, _ size: Int, _ sampling: GridSampling) {
    let (last, areNearest) = (Double(size - 1), sampling.areNearest)
    var center = sampling.alignsCorners ? (grid + 1) * (last / 2) : ((grid + 1) * Double(size) - 1) / 2
    if sampling.repeatsBorder {
      let fixed = center.detached()
      center = .select((fixed .> 0) .& (fixed .< last), center, fixed.clamped(min: 0, max: last))
    }
    let first = areNearest ? center.rounded() : center.floor()
    let offset = center - first
    let all = (areNearest ? first.unsqueezed(0) : .stacked([first, first + 1])).detached()
    areInside = (all .>= 0) .& (all .<= last)
    // A nearest pixel is all of a sample, wherever around it the place is.
    let parts = areNearest ? (first - first.detached() + 1).unsqueezed(0) : .stacked([1 - offset, offset])
    weights = parts.filled(with: 0, where: .!areInside)
    places = all.filled(with: 0, where: .!areInside).cast(to: .int64)
  }
}
