import CKernels

extension CPUBackend {
  func unary(_ operation: UnaryOperation, _ x: Tensor, into result: Tensor) {
    if Kernels.areGeneric, x.dtype == .float32, let function = PlainFunctions.single(operation) {
      return PlainFunctions.map(function, x.pointer(), count: x.count, into: result.pointer())
    }
    let (single, double) = kernels(operation)
    switch x.dtype {
    case .float32: run(single, x, result)
    case .float64: run(double, x, result)
    default: unsupported(operation, x.dtype)
    }
  }

  private func run<T: TensorElement>(_ kernel: @escaping Unary<T>, _ x: Tensor, _ result: Tensor) {
    let (from, to) = (UnsafePointer(x.pointer(T.self)), result.pointer(T.self))
    let threads = LoopThreads.threads(forElements: x.count)
    guard threads > 1 else { return kernel(x.count, from, to) }
    LoopThreads.shared.cut(x.count, over: threads) { kernel($0.count, from + $0.lowerBound, to + $0.lowerBound) }
  }

  func clamp(_ x: Tensor, from low: Double, to high: Double, into result: Tensor) {
    switch x.dtype {
    case .float32: run({ dt_clamp_f32($0, $1, Float(low), Float(high), $2) }, x, result)
    case .float64: run({ dt_clamp_f64($0, $1, low, high, $2) }, x, result)
    default: unsupported("clamp", x.dtype)
    }
  }

  func binary(_ operation: BinaryOperation, _ a: Tensor, _ b: Tensor, into result: Tensor) {
    switch result.dtype {
    case .float32: run(floatKernel(operation), a, b, result)
    case .float64: run(doubleKernel(operation), a, b, result)
    case .int64: run(integerKernel(operation), a, b, result)
    default: unsupported(operation, result.dtype)
    }
  }

  private typealias Unary<T> = (Int, UnsafePointer<T>?, UnsafeMutablePointer<T>?) -> Void
  private typealias Binary<T> = (
    Int, UnsafePointer<T>?, Int, UnsafePointer<T>?, Int, UnsafeMutablePointer<T>?
  ) -> Void

  /// Runs `kernel` over the longest runs along which each operand either advances or stands still.
  private func run<T: TensorElement>(_ kernel: @escaping Binary<T>, _ a: Tensor, _ b: Tensor, _ result: Tensor) {
    let x = UnsafePointer(a.pointer(T.self))
    let y = UnsafePointer(b.pointer(T.self))
    let out = result.pointer(T.self)
    func step(_ operand: Tensor) -> Int? { operand.count == result.count ? 1 : operand.count == 1 ? 0 : nil }
    if let xStep = step(a), let yStep = step(b) {
      let threads = LoopThreads.threads(forElements: result.count)
      guard threads > 1 else { return kernel(result.count, x, xStep, y, yStep, out) }
      return LoopThreads.shared.cut(result.count, over: threads) {
        let start = $0.lowerBound
        kernel($0.count, x + start * xStep, xStep, y + start * yStep, yStep, out + start)
      }
    }
    let walk = StridedWalk(
      shape: result.shape,
      strides: [
        Shape.broadcastStrides(a.shape, to: result.shape), Shape.broadcastStrides(b.shape, to: result.shape),
      ])
    walk.forEachRun { position, offsets in
      kernel(walk.runLength, x + offsets[0], walk.runStrides[0], y + offsets[1], walk.runStrides[1], out + position)
    }
  }

  private func kernels(_ operation: UnaryOperation) -> (Unary<Float>, Unary<Double>) {
    switch operation {
    case .negate: (dt_negate_f32, dt_negate_f64)
    case .absolute: (dt_absolute_f32, dt_absolute_f64)
    case .sign: (dt_sign_f32, dt_sign_f64)
    case .square: (dt_square_f32, dt_square_f64)
    case .squareRoot: (dt_square_root_f32, dt_square_root_f64)
    case .reciprocalSquareRoot: (dt_reciprocal_square_root_f32, dt_reciprocal_square_root_f64)
    case .reciprocal: (dt_reciprocal_f32, dt_reciprocal_f64)
    case .zeroIfInfinite: (dt_zero_if_infinite_f32, dt_zero_if_infinite_f64)
    case .round: (dt_round_f32, dt_round_f64)
    case .floor: (dt_floor_f32, dt_floor_f64)
    case .ceiling: (dt_ceiling_f32, dt_ceiling_f64)
    case .exponential: (dt_exponential_f32, dt_exponential_f64)
    case .logarithm: (dt_logarithm_f32, dt_logarithm_f64)
    case .logarithmOfOnePlus: (dt_logarithm_of_one_plus_f32, dt_logarithm_of_one_plus_f64)
    case .sine: (dt_sine_f32, dt_sine_f64)
    case .cosine: (dt_cosine_f32, dt_cosine_f64)
    case .errorFunction: (dt_error_function_f32, dt_error_function_f64)
    case .inverseErrorFunction: (dt_inverse_error_function_f32, dt_inverse_error_function_f64)
    case .logarithmOfGamma: (dt_log_gamma_f32, dt_log_gamma_f64)
    case .digamma: (dt_digamma_f32, dt_digamma_f64)
    case .exponentialMinusOne: (dt_exponential_minus_one_f32, dt_exponential_minus_one_f64)
    case .tangent: (dt_tangent_f32, dt_tangent_f64)
    case .arcSine: (dt_arc_sine_f32, dt_arc_sine_f64)
    case .arcCosine: (dt_arc_cosine_f32, dt_arc_cosine_f64)
    case .arcTangent: (dt_arc_tangent_f32, dt_arc_tangent_f64)
    case .hyperbolicSine: (dt_hyperbolic_sine_f32, dt_hyperbolic_sine_f64)
    case .hyperbolicCosine: (dt_hyperbolic_cosine_f32, dt_hyperbolic_cosine_f64)
    case .inverseHyperbolicSine: (dt_inverse_hyperbolic_sine_f32, dt_inverse_hyperbolic_sine_f64)
    case .inverseHyperbolicCosine: (dt_inverse_hyperbolic_cosine_f32, dt_inverse_hyperbolic_cosine_f64)
    case .inverseHyperbolicTangent: (dt_inverse_hyperbolic_tangent_f32, dt_inverse_hyperbolic_tangent_f64)
    case .tanh: (dt_tanh_f32, dt_tanh_f64)
    case .sigmoid: (dt_sigmoid_f32, dt_sigmoid_f64)
    case .relu: (dt_relu_f32, dt_relu_f64)
    case .softplus: (dt_softplus_f32, dt_softplus_f64)
    case .logSigmoid: (dt_log_sigmoid_f32, dt_log_sigmoid_f64)
    case .silu: (dt_silu_f32, dt_silu_f64)
    case .hardswish: (dt_hardswish_f32, dt_hardswish_f64)
    case .gelu: (dt_gelu_f32, dt_gelu_f64)
    case .geluTanh: (dt_gelu_tanh_f32, dt_gelu_tanh_f64)
    }
  }

  private func floatKernel(_ operation: BinaryOperation) -> Binary<Float> {
    switch operation {
    case .add: dt_add_f32
    case .subtract: dt_subtract_f32
    case .multiply: dt_multiply_f32
    case .divide: dt_divide_f32
    case .maximum: dt_maximum_f32
    case .minimum: dt_minimum_f32
    case .power: dt_power_f32
    case .equal: dt_equal_f32
    case .less: dt_less_f32
    case .lessOrEqual: dt_less_or_equal_f32
    case .direction: dt_direction_f32
    case .hurwitzZeta: dt_hurwitz_zeta_f32
    case .smoothAbsolute: dt_smooth_absolute_f32
    case .leakyReLU: dt_leaky_relu_f32
    case .leakyReLUSlope: dt_leaky_relu_slope_f32
    case .elu: dt_elu_f32
    case .eluSlope: dt_elu_slope_f32
    case .tanhGradient: dt_tanh_gradient_f32
    case .sigmoidGradient: dt_sigmoid_gradient_f32
    case .reluGradient: dt_relu_gradient_f32
    case .softplusGradient: dt_softplus_gradient_f32
    case .siluGradient: dt_silu_gradient_f32
    case .hardswishGradient: dt_hardswish_gradient_f32
    case .geluGradient: dt_gelu_gradient_f32
    case .geluTanhGradient: dt_gelu_tanh_gradient_f32
    }
  }

  private func doubleKernel(_ operation: BinaryOperation) -> Binary<Double> {
    switch operation {
    case .add: dt_add_f64
    case .subtract: dt_subtract_f64
    case .multiply: dt_multiply_f64
    case .divide: dt_divide_f64
    case .maximum: dt_maximum_f64
    case .minimum: dt_minimum_f64
    case .power: dt_power_f64
    case .equal: dt_equal_f64
    case .less: dt_less_f64
    case .lessOrEqual: dt_less_or_equal_f64
    case .direction: dt_direction_f64
    case .hurwitzZeta: dt_hurwitz_zeta_f64
    case .smoothAbsolute: dt_smooth_absolute_f64
    case .leakyReLU: dt_leaky_relu_f64
    case .leakyReLUSlope: dt_leaky_relu_slope_f64
    case .elu: dt_elu_f64
    case .eluSlope: dt_elu_slope_f64
    case .tanhGradient: dt_tanh_gradient_f64
    case .sigmoidGradient: dt_sigmoid_gradient_f64
    case .reluGradient: dt_relu_gradient_f64
    case .softplusGradient: dt_softplus_gradient_f64
    case .siluGradient: dt_silu_gradient_f64
    case .hardswishGradient: dt_hardswish_gradient_f64
    case .geluGradient: dt_gelu_gradient_f64
    case .geluTanhGradient: dt_gelu_tanh_gradient_f64
    }
  }

  private func integerKernel(_ operation: BinaryOperation) -> Binary<Int64> {
    switch operation {
    case .add: dt_add_i64
    case .subtract: dt_subtract_i64
    case .multiply: dt_multiply_i64
    case .divide: dt_divide_i64
    case .maximum: dt_maximum_i64
    case .minimum: dt_minimum_i64
    case .power: dt_power_i64
    case .equal: dt_equal_i64
    case .less: dt_less_i64
    case .lessOrEqual: dt_less_or_equal_i64
    default: unsupported(operation, .int64)
    }
  }
}
