extension Tensor {
  /// max(x, 0); the slope at 0 is 0.
  public func relu() -> Tensor {
    let y = mapped(.relu)
    let saved = y.detached()
    return y.recorded(as: "ReluBackward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(
        0, activationGradient(.reluGradient, gradient, saved) { gradient.filled(with: 0, where: saved .== 0) })
    }
  }

  /// x where it is positive, else x times `negativeSlope`, which is also the slope at 0.
  public func leakyReLU(negativeSlope: Double = 0.01) -> Tensor {
    let x = detached()
    return x.combined(.leakyReLU, x.scalar(negativeSlope))
      .recorded(as: "LeakyReluBackward0", from: [self], saving: [self]) { gradient, inputs in
        inputs.add(0, gradient * x.combined(.leakyReLUSlope, x.scalar(negativeSlope)))
      }
  }

  /// 1 / (1 + e⁻ˣ).
  public func sigmoid() -> Tensor {
    let y = mapped(.sigmoid)
    let saved = y.detached()
    return y.recorded(as: "SigmoidBackward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(
        0,
        activationGradient(.sigmoidGradient, gradient, saved) {
          let y = inputs.output(saved)
          return gradient * (1 - y) * y
        })
    }
  }

  /// The hyperbolic tangent.
  public func tanh() -> Tensor {
    let y = mapped(.tanh)
    let saved = y.detached()
    return y.recorded(as: "TanhBackward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(
        0,
        activationGradient(.tanhGradient, gradient, saved) {
          let y = inputs.output(saved)
          return gradient * (1 - y * y)
        })
    }
  }

  /// log(1 + e^(βx)) / β, a smooth ``relu()``, as `torch.nn.functional.softplus`.
  ///
  /// - Parameters:
  ///   - beta: β, positive: the larger, the nearer to ``relu()``.
  ///   - threshold: Where β · x is larger, the result is x itself.
  public func softplus(beta: Double = 1, threshold: Double = 20) -> Tensor {
    precondition(beta > 0, "softplus with a beta of \(beta), which must be positive")
    guard threshold == 20 && beta == 1 else {
      requireFloatingPoint(for: "softplus")
      let scaled = self * beta
      // The exponent is 0 where it is not needed, for gradients that are finite. log(1 + eˣ) is −log sigmoid(−x).
      let isLarge = scaled.detached() .> threshold
      return .select(isLarge, self, -(-scaled.filled(with: 0, where: isLarge)).logSigmoid() / beta)
    }
    return mapped(.softplus).recorded(as: "SoftplusBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, activationGradient(.softplusGradient, gradient, self) { gradient * self.sigmoid() })
    }
  }

  /// log sigmoid(x), without its overflow for negative x.
  public func logSigmoid() -> Tensor {
    mapped(.logSigmoid).recorded(as: "LogSigmoidBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * (-self).sigmoid())
    }
  }

  /// x · sigmoid(x), also called swish.
  public func silu() -> Tensor {
    mapped(.silu).recorded(as: "SiluBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(
        0,
        activationGradient(.siluGradient, gradient, self) {
          let s = self.sigmoid()
          return gradient * (s * (1 + self * (1 - s)))
        })
    }
  }

  /// x · min(max(x + 3, 0), 6) / 6, a ``silu()`` of straight lines, as `torch.nn.functional.hardswish` (A. Howard et al.,
  /// arXiv:1905.02244).
  public func hardswish() -> Tensor {
    mapped(.hardswish).recorded(as: "HardswishBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(
        0,
        activationGradient(.hardswishGradient, gradient, self) {
          let x = self.detached()
          let isCurved = (x .> -3).cast(to: x.dtype) * (x .< 3).cast(to: x.dtype)
          return gradient * (isCurved * (self / 3 + 0.5) + (x .>= 3).cast(to: x.dtype))
        })
    }
  }

  /// x · tanh(softplus(x)), as `torch.nn.functional.mish` (D. Misra, arXiv:1908.08681).
  public func mish() -> Tensor { self * softplus().tanh() }

  /// x · Φ(x), with Φ the cumulative distribution of the standard normal, exact or by its tanh approximation
  /// (Hendrycks & Gimpel, arXiv:1606.08415).
  public func gelu(approximation: GELUApproximation = .none) -> Tensor {
    let (function, slope): (UnaryOperation, BinaryOperation) =
      approximation == .none ? (.gelu, .geluGradient) : (.geluTanh, .geluTanhGradient)
    return mapped(function).recorded(as: "GeluBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, activationGradient(slope, gradient, self) { approximation.composedGradient(gradient, self) })
    }
  }
}

/// How ``Tensor/gelu(approximation:)`` computes the normal distribution.
public enum GELUApproximation: Sendable {
  /// Exactly, with the error function.
  case none
  /// By a hyperbolic tangent.
  case tanh

  /// The gradient of x from that of the result, as operations that can be recorded.
  func composedGradient(_ gradient: Tensor, _ x: Tensor) -> Tensor {
    guard self == .tanh else {
      let cumulative = 0.5 * (1 + (x * 0.707_106_781_186_547_6).erf())
      return gradient * (cumulative + x * (-0.5 * x * x).exp() * 0.398_942_280_401_432_7)
    }
    let c = 0.797_884_560_802_865_4
    let t = (c * (x + 0.044715 * x * x * x)).tanh()
    return gradient * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x * x))
  }
}

/// The gradient of an activation: in one pass, or by `composed` when that is being recorded.
private func activationGradient(
  _ operation: BinaryOperation, _ gradient: Tensor, _ saved: Tensor, _ composed: () -> Tensor
) -> Tensor {
  isGradEnabled ? composed() : gradient.combined(operation, saved)
}
