extension CUDABackend {
  func sgdStep(_ step: SGDStep, gradient: Tensor, weight: Tensor, velocity: Tensor?) {
    let (rate, decay, scale) = (step.learningRate, step.weightDecay, step.gradientScale)
    guard let velocity, step.momentum != 0 else {
      return update("sgd", [gradient, weight], [rate, decay, scale])
    }
    update(
      "sgd_momentum", [gradient, weight, velocity], [rate, step.momentum, 1 - step.dampening, decay, scale],
      Int32(step.nesterov ? 1 : 0), Int32(step.isFirst ? 1 : 0))
  }

  func adamStep(_ step: AdamStep, gradient: Tensor, weight: Tensor, mean: Tensor, square: Tensor) {
    update(
      "adam", [gradient, weight, mean, square],
      [
        step.rate, step.correction, 1 - step.beta1, step.beta2, 1 - step.beta2, step.epsilon, step.weightDecay,
        step.shrinkage, step.gradientScale,
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

  /// One pass over the arrays, with the numbers in their type.
  private func update(_ rule: String, _ arrays: [Tensor], _ numbers: [Double], _ choices: Int32...) {
    let weight = arrays[1]
    let rounded: [any KernelArgument]
    switch weight.dtype {
    case .float32: rounded = numbers.map { Float($0) }
    case .float64: rounded = numbers
    default: unsupported(rule, weight.dtype)
    }
    launch(
      "\(rule)_\(weight.dtype.suffix)", in: .optimizers, over: weight.count,
      arguments: [weight.count] + arrays.map(\.address) + rounded + choices)
  }
}
