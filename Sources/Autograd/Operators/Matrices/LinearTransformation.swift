extension Tensor {
  /// x · weightᵀ + bias.
  ///
  /// - Parameters:
  ///   - weight: [out, in].
  ///   - bias: [out], or `nil`.
  /// - Returns: [..., out] for this tensor's [..., in].
  public func linear(_ weight: Tensor, bias: Tensor? = nil) -> Tensor { linear(weight, bias: bias, followedBy: nil) }

  /// x · weightᵀ + bias and a function of every element of that, in the same memory unless its slope takes its argument.
  ///
  /// The backward pass takes the gradient through the function and adds up the bias's in one pass. The bits are those of
  /// the two operations after one another, but where a GPU rounds the result of each to bfloat16, and so are the gradient
  /// functions that are seen from outside.
  func linear(_ weight: Tensor, bias: Tensor?, followedBy activation: LinearActivation?) -> Tensor {
    precondition(
      rank > 0 && weight.rank == 2 && shape[rank - 1] == weight.shape[1],
      "linear of shape \(shape) with weight \(weight.shape): the last dimension must be the weight's second")
    precondition(
      bias == nil || bias?.shape == [weight.shape[0]],
      "linear with weight \(weight.shape) and bias \(bias?.shape ?? []): the bias must have the weight's first dimension"
    )
    precondition(
      weight.dtype == dtype && (bias?.dtype ?? dtype) == dtype,
      "linear of \(dtype) with weight of \(weight.dtype) and bias of \(bias?.dtype ?? dtype): all must have one type")
    requireSameDevice(weight, bias, for: "linear")
    let x = self
    let (outputs, inputs) = (weight.shape[0], weight.shape[1])
    let rows = inputs == 0 ? Shape.count(Array(shape.dropLast())) : count / inputs
    var resultShape = shape
    resultShape[rank - 1] = outputs
    let result = Tensor(uninitialized: resultShape, dtype: dtype, device: device)
    let product = MatrixProduct(rows: rows, columns: outputs, inner: inputs, transposesSecond: true, roundsResult: true)
    let factor = backend.factor(weight, of: product)
    let keepsSums = activation?.slopeTakesArgument ?? false
    let sums = keepsSums ? result.uninitializedLike() : result
    let inPlace = keepsSums ? nil : activation
    let isDone = bias.map { backend.activatedProduct(product, x, factor, bias: $0, inPlace, into: sums) } ?? false
    if !isDone {
      if let bias {
        backend.copy(bias, offset: 0, strides: Shape.broadcastStrides([outputs], to: result.shape), into: sums)
      }
      backend.matrixProduct(product, x, factor, into: sums, adding: bias != nil)
    }
    if let activation, keepsSums || !isDone { backend.unary(activation.function, sums, into: result) }
    let name: StaticString = bias == nil ? "MmBackward0" : "AddmmBackward0"
    var operands = ShortList<Tensor>()
    if weight.requiresGrad { operands.append(x) }
    if x.requiresGrad { operands.append(weight) }
    let saved = operands
    let sources: ShortList = if let bias { [x, weight, bias] } else { [x, weight] }
    let gradients = LinearGradients(x: x, weight: weight, factor: factor, hasBias: bias != nil, rows: rows)
    func recordedAlone(_ sums: Tensor) -> Tensor {
      sums.recorded(as: .operation(name), from: sources, saving: saved) { gradient, sink in
        gradients.give(gradient, to: sink)
      }
    }
    guard let activation else { return recordedAlone(result) }
    let kept = sums.detached()
    if !keepsSums { operands.append(result) }
    return result.recorded(as: .fused(activation.gradientName, after: name), from: sources, saving: operands) {
      gradient, sink in
      if isGradEnabled {
        let kept = keepsSums ? recordedAlone(kept.detached()) : sink.output(kept)
        gradients.give(activation.composedGradient(gradient, kept), to: sink)
      } else {
        gradients.give(gradient, through: activation, kept, to: sink)
      }
    }
  }
}

extension Backend {
  func activatedProduct(
    _ product: MatrixProduct, _ a: Tensor, _ b: Tensor, bias: Tensor, _ activation: LinearActivation?,
    into result: Tensor
  ) -> Bool { false }

  func factor(_ x: Tensor, of product: MatrixProduct) -> Tensor { x }
}

/// A function that is applied to the result of a linear transformation in one operation with that.
enum LinearActivation: Equatable {
  case relu, sigmoid, tanh
  case gelu(GELUApproximation)

  var function: UnaryOperation {
    switch self {
    case .relu: .relu
    case .sigmoid: .sigmoid
    case .tanh: .tanh
    case .gelu(.none): .gelu
    case .gelu(.tanh): .geluTanh
    }
  }

  /// Whether the slope is computed from the function's argument, and not from its result.
  var slopeTakesArgument: Bool {
    if case .gelu = self { true } else { false }
  }

  /// Of the result's gradient, and the result or, if ``slopeTakesArgument``, the argument.
  var gradient: BinaryOperation {
    switch self {
    case .relu: .reluGradient
    case .sigmoid: .sigmoidGradient
    case .tanh: .tanhGradient
    case .gelu(.none): .geluGradient
    case .gelu(.tanh): .geluTanhGradient
    }
  }

  var gradientName: StaticString {
    switch self {
    case .relu: "ReluBackward0"
    case .sigmoid: "SigmoidBackward0"
    case .tanh: "TanhBackward0"
    case .gelu: "GeluBackward0"
    }
  }

  /// The gradient of the function's argument from that of its result, as operations that can be recorded: `kept` is the
  /// result or, if ``slopeTakesArgument``, the argument.
  func composedGradient(_ gradient: Tensor, _ kept: Tensor) -> Tensor {
    switch self {
    case .relu: gradient.filled(with: 0, where: kept .== 0)
    case .sigmoid: gradient * (1 - kept) * kept
    case .tanh: gradient * (1 - kept * kept)
    case .gelu(let approximation): approximation.composedGradient(gradient, kept)
    }
  }
}

/// The backward pass of x · weightᵀ + bias.
private struct LinearGradients {
  let x: Tensor
  let weight: Tensor
  /// The weight as the forward pass took it.
  let factor: Tensor
  let hasBias: Bool
  /// Of `x` seen as a matrix.
  let rows: Int

  private var outputs: Int { weight.shape[0] }
  private var inputs: Int { weight.shape[1] }

  /// Gives the gradients of x, weight and bias, from that of the result.
  func give(_ gradient: Tensor, to sink: GradientSink) {
    if isGradEnabled {
      let matrix = gradient.reshaped([rows, outputs])
      sink.add(0, gradient.matmul(weight))
      sink.add(1, matrix.transposed().matmul(x.reshaped([rows, inputs])))
      if hasBias { sink.add(2, matrix.sum([0])) }
      return
    }
    giveProducts(gradient, to: sink)
    guard hasBias else { return }
    sink.write(2, shape: [outputs], dtype: gradient.dtype, device: gradient.device) { destination, adding in
      let target = adding ? destination.uninitializedLike() : destination
      gradient.backend.sum(gradient, extents: .init(outer: 1, reduced: rows, inner: outputs), into: target)
      if adding { destination.accumulate(target) }
    }
  }

  /// The same when the result went through `activation`, whose slope is found from `kept`; only for passes that do not
  /// record.
  func give(
    _ gradient: Tensor, through activation: LinearActivation, _ kept: Tensor, to sink: GradientSink
  ) {
    let before = gradient.uninitializedLike()
    let slope = activation.gradient
    if hasBias && sink.needs(2) {
      sink.write(2, shape: [outputs], dtype: gradient.dtype, device: gradient.device) { destination, adding in
        gradient.backend.activationGradient(
          slope, gradient, kept, into: before, sums: destination, adding: adding)
      }
    } else {
      gradient.backend.binary(slope, gradient, kept, into: before)
    }
    giveProducts(before, to: sink)
  }

  private func giveProducts(_ gradient: Tensor, to sink: GradientSink) {
    let backend = gradient.backend
    var gradient = gradient
    if sink.needs(0) {
      let result = x.uninitializedLike()
      let product = MatrixProduct(
        rows: rows, columns: inputs, inner: outputs, roundsResult: x.layout.isBFloat16)
      gradient = backend.factor(gradient, of: product)
      backend.matrixProduct(product, gradient, factor.unlessRounded(from: weight), into: result, adding: false)
      sink.add(0, result)
    }
    sink.write(1, shape: weight.shape, dtype: weight.dtype, device: weight.device) { destination, adding in
      backend.matrixProduct(
        MatrixProduct(rows: outputs, columns: inputs, inner: rows, transposesFirst: true), gradient, x,
        into: destination, adding: adding)
    }
  }
}
