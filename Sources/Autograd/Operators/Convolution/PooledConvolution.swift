/// What the gradients of a convolution with ReLU and 2 × 2 maximum pooling need from its forward pass.
protocol PooledConvolution {
  /// Writes the gradients that are wanted, that of the weight added to what is there if `adding`.
  ///
  /// - Returns: The floating-point operations in the sums for input and weight, which depend on the data: elements without
  ///   a gradient take no part.
  @discardableResult
  func gradients(
    of gradient: Tensor, input: Tensor?, weight: (destination: Tensor, adding: Bool)?, bias: Tensor?
  ) -> Int
}

extension Backend {
  func pooledConvolution(
    _ x: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry
  ) -> (result: Tensor, backward: any PooledConvolution)? { nil }
}

extension Tensor {
  /// `conv2d(…).relu().maxPool2d((2, 2))` as one operation, where the backend computes that faster than its parts.
  ///
  /// The results are the same but for rounding; elements that have no gradient take no part in the sums of the backward
  /// pass.
  ///
  /// - Parameters:
  ///   - weight: [O, C / groups, h, w].
  ///   - bias: [O], or `nil`.
  ///   - stride: Rows and columns from one window of the convolution to the next.
  ///   - padding: Zeros around the image, above and below, left and right.
  ///   - dilation: Rows and columns between the elements under a kernel.
  ///   - groups: The number of parts into which channels are divided, each convolved by itself.
  /// - Returns: [N, O, H′ / 2, W′ / 2] for this tensor's [N, C, H, W] and the convolution's [N, O, H′, W′].
  public func pooledConv2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
    dilation: (Int, Int) = (1, 1), groups: Int = 1
  ) -> Tensor {
    let x = self
    let geometry = convolutionGeometry(
      weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    guard let (result, backward) = backend.pooledConvolution(x, weight, bias: bias, geometry) else {
      return convolved(weight, bias: bias, geometry).relu().maxPool2d((2, 2))
    }
    let operands = ShortList([x, weight, bias].compactMap { $0 })
    return result.recorded(as: "PooledConvolutionBackward0", from: operands, saving: operands) { gradient, inputs in
      guard !isGradEnabled else {
        let outer = x.convolutionOutputGradient(gradient, weight, bias: bias, geometry)
        inputs.add(0, outer.convolutionInputGradient(weight, geometry))
        inputs.add(1, x.convolutionWeightGradient(outer, geometry))
        if bias != nil { inputs.add(2, outer.sum([0, 2, 3])) }
        return
      }
      let input = inputs.needs(0) ? x.uninitializedLike() : nil
      let biasGradient = bias.flatMap { inputs.needs(2) ? $0.uninitializedLike() : nil }
      if inputs.needs(1) {
        inputs.write(1, shape: geometry.weight, dtype: x.dtype, device: x.device) { destination, adding in
          backward.gradients(of: gradient, input: input, weight: (destination, adding), bias: biasGradient)
        }
      } else {
        backward.gradients(of: gradient, input: input, weight: nil, bias: biasGradient)
      }
      if let biasGradient { inputs.add(2, biasGradient) }
      if let input { inputs.add(0, input) }
    }
  }

  /// The gradient of the convolution's output from that of the pooled result, recorded, for a pass that is itself
  /// differentiated: the places of the maxima are found again, and are constants.
  private func convolutionOutputGradient(
    _ gradient: Tensor, _ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry
  ) -> Tensor {
    let (rectified, pooled) = noGrad {
      let rectified = convolved(weight, bias: bias, geometry).relu()
      return (rectified, rectified.maxPool2d((2, 2)))
    }
    let window = SlidingWindow(kernel: (2, 2), stride: (2, 2), padding: (0, 0), dilation: (1, 1))
    let places = PooledMaxima(input: rectified, maxima: pooled, window: window)
    return places.scatter(gradient).filled(with: 0, where: rectified .== 0)
  }
}
