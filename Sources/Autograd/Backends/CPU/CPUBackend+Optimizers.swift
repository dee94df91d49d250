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
    switch weight.dtype {
    case .float32:
      adam(step, weight.count, gradient.pointer(Float.self), weight.pointer(), mean.pointer(), square.pointer())
    case .float64:
      adam(step, weight.count, gradient.pointer(Double.self), weight.pointer(), mean.pointer(), square.pointer())
    default: unsupported("Adam", weight.dtype)
    }
  }

  private func adam<T: BinaryFloatingPoint>(
    _ step: AdamStep, _ count: Int, _ gradient: UnsafePointer<T>, _ w: UnsafeMutablePointer<T>,
    _ m: UnsafeMutablePointer<T>, _ v: UnsafeMutablePointer<T>
  ) {
    let (rate, correction, epsilon) = (T(step.rate), T(step.correction), T(step.epsilon))
    let (decay, shrinkage, scale) = (T(step.weightDecay), T(step.shrinkage), T(step.gradientScale))
    let (kept, mean, square) = (T(step.beta2), T(1 - step.beta1), T(1 - step.beta2))
    for i in 0..<count {
      w[i] *= shrinkage
      let g = gradient[i] * scale + decay * w[i]
      m[i] += mean * (g - m[i])
      v[i] = kept * v[i] + square * g * g
      w[i] -= rate * m[i] / (v[i].squareRoot() / correction + epsilon)
    }
  }

  func rmspropStep(_ step: RMSpropStep, gradient: Tensor, weight: Tensor, square: Tensor, velocity: Tensor?) {
    switch weight.dtype {
    case .float32:
      rmsprop(step, weight.count, gradient.pointer(Float.self), weight.pointer(), square.pointer(), velocity?.pointer())
    case .float64:
      rmsprop(
        step, weight.count, gradient.pointer(Double.self), weight.pointer(), square.pointer(), velocity?.pointer())
    default: unsupported("RMSprop", weight.dtype)
    }
  }

  private func rmsprop<T: BinaryFloatingPoint>(
    _ step: RMSpropStep, _ count: Int, _ gradient: UnsafePointer<T>, _ w: UnsafeMutablePointer<T>,
    _ v: UnsafeMutablePointer<T>, _ b: UnsafeMutablePointer<T>?
  ) {
    let (rate, decay, epsilon) = (T(step.learningRate), T(step.weightDecay), T(step.epsilon))
    let (kept, fresh, momentum) = (T(step.smoothing), T(1 - step.smoothing), T(step.momentum))
    let scale = T(step.gradientScale)
    for i in 0..<count {
      let g = gradient[i] * scale + decay * w[i]
      v[i] = kept * v[i] + fresh * g * g
      let size = v[i].squareRoot() + epsilon
      if let b {
        b[i] = momentum * b[i] + g / size
        w[i] -= rate * b[i]
      } else {
        w[i] -= rate * g / size
      }
    }
  }

  func adagradStep(_ step: AdagradStep, gradient: Tensor, weight: Tensor, sum: Tensor) {
    switch weight.dtype {
    case .float32: adagrad(step, weight.count, gradient.pointer(Float.self), weight.pointer(), sum.pointer())
    case .float64: adagrad(step, weight.count, gradient.pointer(Double.self), weight.pointer(), sum.pointer())
    default: unsupported("Adagrad", weight.dtype)
    }
  }

  private func adagrad<T: BinaryFloatingPoint>(
    _ step: AdagradStep, _ count: Int, _ gradient: UnsafePointer<T>, _ w: UnsafeMutablePointer<T>,
    _ s: UnsafeMutablePointer<T>
  ) {
    let (rate, decay, epsilon) = (T(step.rate), T(step.weightDecay), T(step.epsilon))
    let scale = T(step.gradientScale)
    for i in 0..<count {
      let g = gradient[i] * scale + decay * w[i]
      s[i] += g * g
      w[i] -= rate * g / (s[i].squareRoot() + epsilon)
    }
  }
}
