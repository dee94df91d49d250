extension CUDABackend {
  func sgdStep(_ step: SGDStep, gradient: Tensor, weight: Tensor, velocity: Tensor?) {
    let (rate, decay, scale) = (step.learningRate, step.weightDecay, step.gradientScale)
    guard let velocity, step.momentum != 0 else {
      return update("sgd", [gradient, weight], [rate, decay, scale])
    }
    update(
      "sgd_momentum", [gradient, weight, velocity],
      [rate, step.momentum, 1 - step.dampening, decay, scale, step.nesterov ? 1 : 0, step.isFirst ? 1 : 0])
  }

  func adamStep(_ step: AdamStep, gradient: Tensor, weight: Tensor, mean: Tensor, square: Tensor) {
    update(
      "adam", [gradient, weight, mean, square],
      [
        step.rate, step.correction, 1 - step.beta1, step.beta2, 1 - step.beta2, step.epsilon, step.weightDecay,
        step.shrinkage, step.gradientScale, step.lookahead,
      ])
  }

  func rmspropStep(_ step: RMSpropStep, gradient: Tensor, weight: Tensor, square: Tensor, velocity: Tensor?) {
    let rates = [step.learningRate, step.smoothing, 1 - step.smoothing, step.epsilon]
    if let velocity {
      update(
        "rmsprop_momentum", [gradient, weight, square, velocity],
        rates + [step.momentum, step.weightDecay, step.gradientScale])
    } else {
      update("rmsprop", [gradient, weight, square], rates + [step.weightDecay, step.gradientScale])
    }
  }

  func adagradStep(_ step: AdagradStep, gradient: Tensor, weight: Tensor, sum: Tensor) {
    update("adagrad", [gradient, weight, sum], [step.rate, step.epsilon, step.weightDecay, step.gradientScale])
  }

  /// One pass over the arrays, with the numbers in their type, if what guards this thread's updates lets it be.
  private func update(_ rule: String, _ arrays: [Tensor], _ numbers: [Double]) {
    let weight = arrays[1]
    var decision = KernelGuard()
    if let guardedUpdates = ThreadState.current.guardedUpdates {
      guard let given = guardedUpdates.guardOfKernel(numbers) else { return }
      decision = given
    }
    let step: any KernelArgument
    switch weight.dtype {
    case .float32: step = KernelStep<Float>(decision, numbers)
    case .float64: step = KernelStep<Double>(decision, numbers)
    default: unsupported(rule, weight.dtype)
    }
    launch(
      "\(rule)_\(weight.dtype.suffix)", in: .optimizers, over: weight.count,
      arguments: [weight.count] + arrays.map(\.address) + [step])
    extendLifetime(arrays)
  }
}

/// `Step` in `optimizers.cu`.
private struct KernelStep<T: BinaryFloatingPoint & BitwiseCopyable>: KernelArgument {
  private let loss: UnsafeMutableRawPointer?
  private let isStopped: UnsafeMutableRawPointer?
  private let inMemory: UnsafeMutableRawPointer?
  private let squares: UnsafeMutableRawPointer?
  private let limit: Double
  private var given = InlineArray<10, T>(repeating: 0)

  init(_ decision: KernelGuard, _ numbers: [Double]) {
    (loss, isStopped, inMemory) = (decision.loss, decision.isStopped, decision.numbers)
    (squares, limit) = (decision.squares, decision.limit)
    for (index, number) in numbers.enumerated() { given[index] = T(number) }
  }
}
