extension Tensor {
  /// Three-dimensional cross-correlation, as `torch.nn.functional.conv3d`: of each place along the depth one of two dimensions,
  /// with the slices under the kernel as channels. These are in memory for each place anew.
  ///
  /// - Parameters:
  ///   - weight: [O, C / groups, d, h, w].
  ///   - bias: [O], or `nil`.
  ///   - stride: Slices, rows and columns from one window to the next.
  ///   - padding: Zeros around the volume, before and behind, above and below, left and right.
  ///   - dilation: Slices, rows and columns between the elements under a kernel.
  ///   - groups: The number of parts into which channels are divided, each convolved by itself.
  /// - Returns: [N, O, D′, H′, W′] for this tensor's [N, C, D, H, W].
  public func conv3d(
    _ weight: Tensor, bias: Tensor? = nil, stride: (Int, Int, Int) = (1, 1, 1), padding: (Int, Int, Int) = (0, 0, 0),
    dilation: (Int, Int, Int) = (1, 1, 1), groups: Int = 1
  ) -> Tensor {
    precondition(
      rank == 5 && weight.rank == 5 && groups > 0 && shape[1] == weight.shape[1] * groups,
      "conv3d of shape \(shape) with weight \(weight.shape) in \(groups) group(s): needs [N, C, D, H, W] and "
        + "[O, C / groups, d, h, w]")
    let (images, channels, depth, taps) = (shape[0], shape[1], shape[2], weight.shape[2])
    precondition(
      stride.0 > 0 && dilation.0 > 0 && padding.0 >= 0 && taps > 0 && dilation.0 * (taps - 1) < depth + 2 * padding.0,
      "conv3d: a kernel of \(taps) slices with stride \(stride.0) and dilation \(dilation.0) does not fit a volume of "
        + "\(depth) with padding \(padding.0)")
    let places = (depth + 2 * padding.0 - dilation.0 * (taps - 1) - 1) / stride.0 + 1
    let slices = (0..<places).flatMap { place in (0..<taps).map { place * stride.0 + $0 * dilation.0 } }
    let parts = transposed(1, 2).padded([(padding.0, padding.0), (0, 0), (0, 0), (0, 0)])
      .selected(Tensor(slices).to(device), along: 1)
      .reshaped([images, places, taps, channels, shape[3], shape[4]]).transposed(2, 3)
      .reshaped([images * places, channels * taps, shape[3], shape[4]])
    let kernels = weight.reshaped([weight.shape[0], weight.shape[1] * taps, weight.shape[3], weight.shape[4]])
    let result = parts.conv2d(
      kernels, bias: bias, stride: (stride.1, stride.2), padding: (padding.1, padding.2),
      dilation: (dilation.1, dilation.2), groups: groups)
    return result.reshaped([images, places] + result.shape.dropFirst()).transposed(1, 2)
  }
}
