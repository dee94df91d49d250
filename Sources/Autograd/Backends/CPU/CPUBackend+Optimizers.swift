import CKernels

extension CPUBackend {
  func sgdStep(_ step: SGDStep, gradient: Tensor, weight: Tensor, velocity: Tensor?) {
    let options = dt_sgd(
      rate: step.learningRate, momentum: step.momentum, dampening: step.dampening, weight_decay: step.weightDecay,
      gradient_scale: step.gradientScale, nesterov: step.nesterov ? 1 : 0, first: step.isFirst ? 1 : 0)
    share(weight) { start, n in
      withUnsafePointer(to: options) { options in
        switch weight.dtype {
        case .float32:
          dt_sgd_step_f32(n, gradient.from(start), weight.from(start), velocity?.from(start), options)
        case .float64:
          dt_sgd_step_f64(n, gradient.from(start), weight.from(start), velocity?.from(start), options)
        default: unsupported("SGD", weight.dtype)
        }
      }
    }
  }

  func adamStep(_ step: AdamStep, gradient: Tensor, weight: Tensor, mean: Tensor, square: Tensor) {
    let options = dt_adam(
      rate: step.rate, lookahead: step.lookahead, correction: step.correction, beta1: step.beta1, beta2: step.beta2,
      epsilon: step.epsilon, weight_decay: step.weightDecay, shrinkage: step.shrinkage,
      gradient_scale: step.gradientScale)
    share(weight) { start, n in
      withUnsafePointer(to: options) { options in
        switch weight.dtype {
        case .float32:
          dt_adam_step_f32(
            n, gradient.from(start), weight.from(start), mean.from(start), square.from(start), options)
        case .float64:
          dt_adam_step_f64(
            n, gradient.from(start), weight.from(start), mean.from(start), square.from(start), options)
        default: unsupported("Adam", weight.dtype)
        }
      }
    }
  }

  func rmspropStep(_ step: RMSpropStep, gradient: Tensor, weight: Tensor, square: Tensor, velocity: Tensor?) {
    let options = dt_rmsprop(
      rate: step.learningRate, smoothing: step.smoothing, epsilon: step.epsilon, weight_decay: step.weightDecay,
      momentum: step.momentum, gradient_scale: step.gradientScale)
    share(weight) { start, n in
      withUnsafePointer(to: options) { options in
        switch weight.dtype {
        case .float32:
          dt_rmsprop_step_f32(
            n, gradient.from(start), weight.from(start), square.from(start), velocity?.from(start), options)
        case .float64:
          dt_rmsprop_step_f64(
            n, gradient.from(start), weight.from(start), square.from(start), velocity?.from(start), options)
        default: unsupported("RMSprop", weight.dtype)
        }
      }
    }
  }

  func adagradStep(_ step: AdagradStep, gradient: Tensor, weight: Tensor, sum: Tensor) {
    let options = dt_adagrad(
      rate: step.rate, epsilon: step.epsilon, weight_decay: step.weightDecay, gradient_scale: step.gradientScale)
    share(weight) { start, n in
      withUnsafePointer(to: options) { options in
        switch weight.dtype {
        case .float32:
          dt_adagrad_step_f32(n, gradient.from(start), weight.from(start), sum.from(start), options)
        case .float64:
          dt_adagrad_step_f64(n, gradient.from(start), weight.from(start), sum.from(start), options)
        default: unsupported("Adagrad", weight.dtype)
        }
      }
    }
  }

  /// Calls `body` with the starts and lengths of the parts of `weight` that threads share.
  private func share(_ weight: Tensor, _ body: @escaping (_ start: Int, _ count: Int) -> Void) {
    LoopThreads.shared.cut(weight.count, over: LoopThreads.threads(forElements: weight.count)) {
      body($0.lowerBound, $0.count)
    }
  }
}
