/// How the elements of an image of another size come from its own.
public enum Interpolation: Sendable {
  /// Each is the element whose place it has: exactly where sizes are multiples, else as PyTorch rounds.
  case nearest
  /// Each is between its neighbours, in proportion to their distances. With corners aligned, the centers of the pixels in
  /// the corners stay where they are; without, the corners of the image do. Computed by products with matrices of weights,
  /// so that an infinite pixel or NaN reaches all of its image.
  case bilinear(alignsCorners: Bool = false)
}

extension Tensor {
  /// Images of another size, as `torch.nn.functional.interpolate(x, size=size, mode=…)`.
  ///
  /// - Parameters:
  ///   - size: Rows and columns of the result.
  ///   - interpolation: What its elements are.
  /// - Returns: [N, C, rows, columns] for this tensor's [N, C, H, W].
  public func resized(to size: (Int, Int), by interpolation: Interpolation = .nearest) -> Tensor {
    precondition(
      rank == 4 && shape[2] > 0 && shape[3] > 0 && size.0 > 0 && size.1 > 0 && dtype.isFloatingPoint,
      "resized to \(size) of shape \(shape) of \(dtype): needs numbers of shape [N, C, H, W] with pixels, and a size")
    switch interpolation {
    case .nearest where size.0 % shape[2] == 0 && size.1 % shape[3] == 0:
      let times = (size.0 / shape[2], size.1 / shape[3])
      return reshaped([shape[0], shape[1], shape[2], 1, shape[3], 1])
        .expanded(to: [-1, -1, -1, times.0, -1, times.1])
        .reshaped([shape[0], shape[1], size.0, size.1])
    case .nearest:
      return selected(nearestPlaces(of: shape[3], for: size.1), along: 3)
        .selected(nearestPlaces(of: shape[2], for: size.0), along: 2)
    case .bilinear(let alignsCorners):
      return interpolated(
        weightsOfNeighbors(of: shape[2], for: size.0, alignsCorners),
        weightsOfNeighbors(of: shape[3], for: size.1, alignsCorners))
    }
  }

  /// rows · x · columnsᵀ of every image, whose pixels keep all digits whatever the precision of products is.
  private func interpolated(_ rows: Tensor, _ columns: Tensor) -> Tensor {
    let x = detached()
    return withProductPrecision(.float32) { rows.matmul(x.linear(columns)) }
      .recorded(as: "UpsampleBilinear2DBackward0", from: [self]) { gradient, inputs in
        inputs.add(0, gradient.interpolated(rows.transposed(), columns.transposed()))
      }
  }

  // These constants are computed on the device at hand: a copy from the processor would keep a step from being recorded.

  /// For each of `count` places the one of `size` that it falls on, as PyTorch rounds.
  private func nearestPlaces(of size: Int, for count: Int) -> Tensor {
    (Tensor.arange(count, device: device).cast(to: .float32) * Double(Float(size) / Float(count))).cast(to: .int64)
  }

  /// The weights of `size` elements for each of `count` between them: [count, size].
  private func weightsOfNeighbors(of size: Int, for count: Int, _ alignsCorners: Bool) -> Tensor {
    let places = Tensor.arange(count, device: device).cast(to: dtype)
    let scale = alignsCorners ? (count > 1 ? Double(size - 1) / Double(count - 1) : 0) : Double(size) / Double(count)
    let centers = alignsCorners ? places * scale : (places + 0.5) * scale - 0.5
    let elements = Tensor.arange(size, device: device).cast(to: dtype)
    return (1 - (centers.clamped(min: 0, max: Double(size - 1)).unsqueezed(1) - elements).abs()).relu()
  }
}
