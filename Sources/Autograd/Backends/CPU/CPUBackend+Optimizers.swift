import CKernels

extension CPUBackend {
  func sgdStep(_ step: SGDStep, gradient: Tensor, weight: Tensor, velocity: Tensor?) {
    var options = dt_sgd(
      rate: step.learningRate, momentum: step.momentum, dampening: step.dampening, weight_decay: step.weightDecay,
      gradient_scale: step.gradientScale, nesterov: step.nesterov ? 1 : 0, first: step.isFirst ? 1 : 0)
    switch weight.dtype {
    case .float32:
      dt_sgd_step_f32(weight.count, gradient.pointer(), weight.pointer(), velocity?.pointer(), &options)
    case .float64:
      dt_sgd_step_f64(weight.count, gradient.pointer(), weight.pointer(), velocity?.pointer(), &options)
    default: unsupported("SGD", weight.dtype)
    }
  }

  func adamStep(_ step: AdamStep, gradient: Tensor, weight: Tensor, mean: Tensor, square: Tensor) {
    var options = dt_adam(
      rate: step.rate, correction: step.correction, beta1: step.beta1, beta2: step.beta2, epsilon: step.epsilon,
      weight_decay: step.weightDecay, shrinkage: step.shrinkage, gradient_scale: step.gradientScale)
    switch weight.dtype {
    case .float32:
      dt_adam_step_f32(
        weight.count, gradient.pointer(), weight.pointer(), mean.pointer(), square.pointer(), &options)
    case .float64:
      dt_adam_step_f64(
        weight.count, gradient.pointer(), weight.pointer(), mean.pointer(), square.pointer(), &options)
    default: unsupported("Adam", weight.dtype)
    }
  }

  func rmspropStep(_ step: RMSpropStep, gradient: Tensor, weight: Tensor, square: Tensor, velocity: Tensor?) {
    var options = dt_rmsprop(
      rate: step.learningRate, smoothing: step.smoothing, epsilon: step.epsilon, weight_decay: step.weightDecay,
      momentum: step.momentum, gradient_scale: step.gradientScale)
    switch weight.dtype {
    case .float32:
      dt_rmsprop_step_f32(
        weight.count, gradient.pointer(), weight.pointer(), square.pointer(), velocity?.pointer(), &options)
    case .float64:
      dt_rmsprop_step_f64(
        weight.count, gradient.pointer(), weight.pointer(), square.pointer(), velocity?.pointer(), &options)
    default: unsupported("RMSprop", weight.dtype)
    }
  }

  func adagradStep(_ step: AdagradStep, gradient: Tensor, weight: Tensor, sum: Tensor) {
    var options = dt_adagrad(
      rate: step.rate, epsilon: step.epsilon, weight_decay: step.weightDecay, gradient_scale: step.gradientScale)
    switch weight.dtype {
    case .float32:
      dt_adagrad_step_f32(weight.count, gradient.pointer(), weight.pointer(), sum.pointer(), &options)
    case .float64:
      dt_adagrad_step_f64(weight.count, gradient.pointer(), weight.pointer(), sum.pointer(), &options)
    default: unsupported("Adagrad", weight.dtype)
    }
  }
}
