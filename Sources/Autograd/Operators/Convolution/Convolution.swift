extension Backend {
  func filters(_ weight: Tensor, of geometry: ConvolutionGeometry) -> Tensor { weight }

  /// Adds what `compute` writes to memory of its own, where it cannot be added on the way.
  func add(to result: Tensor, _ compute: (_ summand: Tensor) -> Void) {
    let summand = result.uninitializedLike()
    compute(summand)
    binary(.add, result, summand, into: result)
  }
}

extension Tensor {
  /// Two-dimensional cross-correlation, as `torch.nn.functional.conv2d`.
  ///
  /// - Parameters:
  ///   - weight: [O, C / groups, h, w].
  ///   - bias: [O], or `nil`.
  ///   - stride: Rows and columns from one window to the next.
  ///   - padding: Zeros around the image, above and below, left and right.
  ///   - dilation: Rows and columns between the elements under a kernel.
  ///   - groups: The number of parts into which channels are divided, each convolved by itself.
  /// - Returns: [N, O, H′, W′] for this tensor's [N, C, H, W].
  public func conv2d(
    _ weight: Tensor, bias: Tensor? = nil, stride: (Int, Int) = (1, 1), padding: (Int, Int) = (0, 0),
    dilation: (Int, Int) = (1, 1), groups: Int = 1
  ) -> Tensor {
    convolved(
      weight, bias: bias,
      convolutionGeometry(weight, bias: bias, stride: stride, padding: padding, dilation: dilation, groups: groups))
  }

  /// One-dimensional cross-correlation, as `torch.nn.functional.conv1d`.
  ///
  /// - Parameters:
  ///   - weight: [O, C / groups, l].
  ///   - bias: [O], or `nil`.
  ///   - stride: Elements from one window to the next.
  ///   - padding: Zeros on each side of the sequence.
  ///   - dilation: Elements from one of the kernel to the next.
  ///   - groups: The number of parts into which channels are divided, each convolved by itself.
  /// - Returns: [N, O, L′] for this tensor's [N, C, L].
  public func conv1d(
    _ weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1, groups: Int = 1
  ) -> Tensor {
    precondition(
      rank == 3 && weight.rank == 3 && groups > 0 && shape[1] == weight.shape[1] * groups
        && weight.shape[0] % groups == 0 && (bias.map { $0.shape == [weight.shape[0]] } ?? true),
      "conv1d of shape \(shape) with weight \(weight.shape) and bias \(bias?.shape ?? []) in \(groups) group(s): needs "
        + "[N, C, L], [O, C / groups, l] and [O]")
    precondition(
      stride > 0 && dilation > 0 && padding >= 0 && weight.shape[2] > 0
        && dilation * (weight.shape[2] - 1) < shape[2] + 2 * padding,
      "conv1d: a kernel of \(weight.shape[2]) with stride \(stride) and dilation \(dilation) does not fit a sequence of "
        + "\(shape[2]) with padding \(padding)")
    return unsqueezed(2).conv2d(
      weight.unsqueezed(2), bias: bias, stride: (1, stride), padding: (0, padding), dilation: (1, dilation),
      groups: groups
    ).squeezed(2)
  }

  /// The shapes of a convolution of this tensor, which are checked.
  func convolutionGeometry(
    _ weight: Tensor, bias: Tensor?, stride: (Int, Int), padding: (Int, Int), dilation: (Int, Int), groups: Int
  ) -> ConvolutionGeometry {
    precondition(
      rank == 4 && weight.rank == 4 && groups > 0 && shape[1] == weight.shape[1] * groups
        && weight.shape[0] % groups == 0,
      "conv2d of shape \(shape) with weight \(weight.shape) in \(groups) group(s): needs [N, C, H, W] and [O, C / groups, h, w]"
    )
    precondition(
      bias == nil || bias?.shape == [weight.shape[0]],
      "conv2d with weight \(weight.shape) and bias \(bias?.shape ?? []): the bias must have the weight's first dimension"
    )
    precondition(
      weight.dtype == dtype && (bias?.dtype ?? dtype) == dtype,
      "conv2d of \(dtype) with weight of \(weight.dtype) and bias of \(bias?.dtype ?? dtype): all must have one type")
    requireSameDevice(weight, bias, for: "conv2d")
    let window = SlidingWindow(
      kernel: (weight.shape[2], weight.shape[3]), stride: stride, padding: padding, dilation: dilation)
    return ConvolutionGeometry(
      input: shape, weight: weight.shape, window: window, groups: groups,
      outputSize: window.outputSize(height: shape[2], width: shape[3], of: "conv2d"))
  }

  // The three operations below are each other's gradients, so that each can be differentiated any number of times.

  func convolved(_ weight: Tensor, bias: Tensor?, _ geometry: ConvolutionGeometry) -> Tensor {
    let x = self
    let result = Tensor(uninitialized: geometry.output, dtype: dtype, device: device)
    let filters = backend.filters(weight, of: geometry)
    backend.convolution(x, filters, bias: bias, geometry, into: result)
    let saved = (weight.requiresGrad ? [x] : []) + (x.requiresGrad ? [weight] : [])
    return result.recorded(
      as: "ConvolutionBackward0", from: ShortList([x, weight] + (bias.map { [$0] } ?? [])), saving: ShortList(saved)
    ) { gradient, inputs in
      if isGradEnabled {
        inputs.add(0, gradient.convolutionInputGradient(weight, geometry))
        inputs.add(1, x.convolutionWeightGradient(gradient, geometry))
      } else {
        inputs.write(0, shape: geometry.input, dtype: x.dtype, device: x.device) { destination, adding in
          // A gradient has no fewer digits than what it is of.
          if !adding && !x.layout.isBFloat16 { destination.storage.limitLayouts(to: .order) }
          x.backend.convolutionInputGradient(
            gradient, filters.unlessRounded(from: weight), geometry, into: destination, adding: adding)
        }
        inputs.write(1, shape: geometry.weight, dtype: x.dtype, device: x.device) { destination, adding in
          x.backend.convolutionWeightGradient(x, gradient, geometry, into: destination, adding: adding)
        }
      }
      if bias != nil { inputs.add(2, gradient.sum([0, 2, 3])) }
    }
  }

  /// The gradient of a convolution's input; this tensor is the gradient of its output.
  func convolutionInputGradient(_ weight: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
    let gradient = self
    let result = Tensor(uninitialized: geometry.input, dtype: dtype, device: device)
    backend.convolutionInputGradient(gradient, weight, geometry, into: result, adding: false)
    return result.recorded(
      as: "ConvolutionBackwardBackward0", from: [gradient, weight], saving: [gradient, weight]
    ) { upstream, inputs in
      inputs.add(0, upstream.convolved(weight, bias: nil, geometry))
      inputs.add(1, upstream.convolutionWeightGradient(gradient, geometry))
    }
  }

  /// The gradient of a convolution's weight; this tensor is its input.
  func convolutionWeightGradient(_ gradient: Tensor, _ geometry: ConvolutionGeometry) -> Tensor {
    let x = self
    let result = Tensor(uninitialized: geometry.weight, dtype: dtype, device: device)
    backend.convolutionWeightGradient(x, gradient, geometry, into: result, adding: false)
    return result.recorded(
      as: "ConvolutionBackwardBackward0", from: [x, gradient], saving: [x, gradient]
    ) { upstream, inputs in
      inputs.add(0, gradient.convolutionInputGradient(upstream, geometry))
      inputs.add(1, x.convolved(upstream, bias: nil, geometry))
    }
  }
}
