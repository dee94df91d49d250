extension Tensor {
  /// The transpose of a two-dimensional convolution, as `torch.nn.functional.conv_transpose2d`: every element of this
  /// tensor adds a multiple of the kernel to the result, `stride` rows and columns from that of its neighbour.
  ///
  /// It is the gradient of ``conv2d(_:bias:stride:padding:dilation:groups:)`` with respect to the image.
  ///
  /// - Parameters:
  ///   - weight: [C, O / groups, h, w].
  ///   - bias: [O], or `nil`.
  ///   - stride: Rows and columns from one kernel to the next in the result.
  ///   - padding: Rows and columns that are cut off each side of the result.
  ///   - outputPadding: Rows and columns added below and to the right of the result, fewer than `stride` or than `dilation`.
  ///   - dilation: Rows and columns between the elements of a kernel.
  ///   - groups: The number of parts into which channels are divided, each convolved by itself.
  /// - Returns: [N, O, H′, W′] for this tensor's [N, C, H, W], with
  ///   H′ = (H − 1) · stride − 2 · padding + dilation · (h − 1) + outputPadding + 1.
  public func convTranspose2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
    outputPadding: (Int, Int) = (0, 0), dilation: (Int, Int) = (1, 1), groups: Int = 1
  ) -> Tensor {
    precondition(
      rank == 4 && weight.rank == 4 && groups > 0 && shape[1] == weight.shape[0] && shape[1] % groups == 0,
      "convTranspose2d of shape \(shape) with weight \(weight.shape) in \(groups) group(s): needs [N, C, H, W] and [C, O / groups, h, w]"
    )
    let window = SlidingWindow(
      kernel: (weight.shape[2], weight.shape[3]), stride: stride, padding: padding, dilation: dilation)
    return convolutionTransposed(
      weight, bias: bias, window, outputPadding: outputPadding, groups: groups, operation: "convTranspose2d")
  }

  /// The transpose of a one-dimensional convolution, as `torch.nn.functional.conv_transpose1d`.
  ///
  /// - Parameters:
  ///   - weight: [C, O / groups, l].
  ///   - bias: [O], or `nil`.
  ///   - stride: Elements from one kernel to the next in the result.
  ///   - padding: Elements that are cut off each end of the result.
  ///   - outputPadding: Elements added at the end of the result, fewer than `stride` or than `dilation`.
  ///   - dilation: Elements from one of the kernel to the next.
  ///   - groups: The number of parts into which channels are divided, each convolved by itself.
  /// - Returns: [N, O, L′] for this tensor's [N, C, L], with
  ///   L′ = (L − 1) · stride − 2 · padding + dilation · (l − 1) + outputPadding + 1.
  public func convTranspose1d(
    _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, outputPadding: Int = 0,
    dilation: Int = 1, groups: Int = 1
  ) -> Tensor {
    precondition(
      rank == 3 && weight.rank == 3 && groups > 0 && shape[1] == weight.shape[0] && shape[1] % groups == 0
        && (bias.map { $0.shape == [weight.shape[1] * groups] } ?? true),
      "convTranspose1d of shape \(shape) with weight \(weight.shape) and bias \(bias?.shape ?? []) in \(groups) group(s): "
        + "needs [N, C, L], [C, O / groups, l] and [O]")
    let window = SlidingWindow(
      kernel: (1, weight.shape[2]), stride: (1, stride), padding: (0, padding), dilation: (1, dilation))
    return unsqueezed(2).convolutionTransposed(
      weight.unsqueezed(2), bias: bias, window, outputPadding: (0, outputPadding), groups: groups,
      operation: "convTranspose1d"
    ).squeezed(2)
  }

  /// The transpose of a convolution by `window`, of images and weights whose shapes fit; `operation` is named in messages.
  private func convolutionTransposed(
    _ weight: Tensor, bias: Tensor?, _ window: SlidingWindow, outputPadding: (Int, Int), groups: Int,
    operation: StaticString
  ) -> Tensor {
    let channels = weight.shape[1] * groups
    precondition(
      bias == nil || bias?.shape == [channels],
      "\(operation) with weight \(weight.shape) in \(groups) group(s) and bias \(bias?.shape ?? []): the bias must be [\(channels)]"
    )
    precondition(
      weight.dtype == dtype && (bias?.dtype ?? dtype) == dtype,
      "\(operation) of \(dtype) with weight of \(weight.dtype) and bias of \(bias?.dtype ?? dtype): all must have one type"
    )
    requireSameDevice(weight, bias, for: operation)
    let (height, width) = window.inputSize(
      height: shape[2], width: shape[3], adding: outputPadding, operation: operation)
    guard outputPadding.0 < window.stride.0 && outputPadding.1 < window.stride.1 else {
      // A convolution of so many rows and columns would give more of them than there are.
      var whole = window
      whole.padding = (0, 0)
      let result = convolutionTransposed(
        weight, bias: nil, whole, outputPadding: (0, 0), groups: groups, operation: operation
      ).padded([
        (-window.padding.0, outputPadding.0 - window.padding.0),
        (-window.padding.1, outputPadding.1 - window.padding.1),
      ])
      return bias.map { result + $0.reshaped([channels, 1, 1]) } ?? result
    }
    let geometry = ConvolutionGeometry(
      input: [shape[0], channels, height, width], weight: weight.shape, window: window, groups: groups,
      outputSize: (shape[2], shape[3]))
    return convolutionTransposed(weight, bias: bias, geometry)
  }

  /// The transpose of the convolution that `geometry` describes.
  private func convolutionTransposed(_ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) -> Tensor {
    let x = self
    let y = Tensor(uninitialized: geometry.input, dtype: dtype, device: device)
    backend.convolutionInputGradient(x, weight, geometry, into: y, adding: false)
    if let bias { backend.binary(.add, y, bias.reshaped([bias.count, 1, 1]), into: y) }
    let saved = (weight.requiresGrad ? [x] : []) + (x.requiresGrad ? [weight] : [])
    return y.recorded(
      as: "ConvolutionBackward0", from: ShortList([x, weight] + (bias.map { [$0] } ?? [])), saving: ShortList(saved)
    ) { gradient, inputs in
      inputs.add(0, gradient.convolved(weight, bias: nil, geometry))
      if isGradEnabled {
        inputs.add(1, gradient.convolutionWeightGradient(x, geometry))
      } else {
        inputs.write(1, shape: geometry.weight, dtype: x.dtype, device: x.device) { destination, adding in
          x.backend.convolutionWeightGradient(gradient, x, geometry, into: destination, adding: adding)
        }
      }
      if bias != nil { inputs.add(2, gradient.sum([0, 2, 3])) }
    }
  }
}

extension SlidingWindow {
  /// The rows and columns of the image that a convolution makes one of the given height and width from: with
  /// `outputPadding` 0 the fewest.
  fileprivate func inputSize(
    height: Int, width: Int, adding outputPadding: (Int, Int), operation: StaticString
  ) -> (Int, Int) {
    requireValid(for: "\(operation)")
    precondition(
      (0..<max(stride.0, dilation.0)).contains(outputPadding.0)
        && (0..<max(stride.1, dilation.1)).contains(outputPadding.1),
      "\(operation): an output padding of \(outputPadding), which must be less than the stride \(stride) or the dilation "
        + "\(dilation)")
    func inputs(_ size: Int, _ kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int, _ added: Int) -> Int {
      (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + added + 1
    }
    let rows = inputs(height, kernel.0, stride.0, padding.0, dilation.0, outputPadding.0)
    let columns = inputs(width, kernel.1, stride.1, padding.1, dilation.1, outputPadding.1)
    precondition(
      height > 0 && width > 0 && rows > 0 && columns > 0,
      "\(operation) of an image of \(height) × \(width) with a kernel of \(kernel) and padding \(padding) leaves \(rows) × \(columns)"
    )
    return (rows, columns)
  }
}
