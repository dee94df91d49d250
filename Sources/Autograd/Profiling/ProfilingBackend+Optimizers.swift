/// Optimizer steps: every array is read, and all but the gradient are written.
extension ProfilingBackend {
  func sgdStep(_ step: SGDStep, gradient: Tensor, weight: Tensor, velocity: Tensor?) {
    recorded(update("sgd", weight, arrays: velocity == nil ? 1 : 2)) {
      base.sgdStep(step, gradient: gradient, weight: weight, velocity: velocity)
    }
  }

  func adamStep(_ step: AdamStep, gradient: Tensor, weight: Tensor, mean: Tensor, square: Tensor) {
    recorded(update("adam", weight, arrays: 3)) {
      base.adamStep(step, gradient: gradient, weight: weight, mean: mean, square: square)
    }
  }

  func rmspropStep(_ step: RMSpropStep, gradient: Tensor, weight: Tensor, square: Tensor, velocity: Tensor?) {
    recorded(update("rmsprop", weight, arrays: velocity == nil ? 2 : 3)) {
      base.rmspropStep(step, gradient: gradient, weight: weight, square: square, velocity: velocity)
    }
  }

  func adagradStep(_ step: AdagradStep, gradient: Tensor, weight: Tensor, sum: Tensor) {
    recorded(update("adagrad", weight, arrays: 2)) {
      base.adagradStep(step, gradient: gradient, weight: weight, sum: sum)
    }
  }

  private func update(_ name: String, _ weight: Tensor, arrays: Int) -> OperatorWork {
    OperatorWork(name, weight.extent, bytes: (1 + 2 * arrays) * weight.byteCount)
  }
}
