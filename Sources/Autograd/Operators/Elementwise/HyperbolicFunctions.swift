extension Tensor {
  /// The hyperbolic sine of every element, as `torch.sinh`.
  public func sinh() -> Tensor {
    mapped(.hyperbolicSine).recorded(as: "SinhBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * self.cosh())
    }
  }

  /// The hyperbolic cosine of every element, as `torch.cosh`.
  public func cosh() -> Tensor {
    mapped(.hyperbolicCosine).recorded(as: "CoshBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * self.sinh())
    }
  }

  /// The number whose hyperbolic sine every element is, as `torch.asinh`.
  public func asinh() -> Tensor {
    mapped(.inverseHyperbolicSine).recorded(as: "AsinhBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * (self * self + 1).rsqrt())
    }
  }

  /// The number from 0 on whose hyperbolic cosine every element is, as `torch.acosh`; NaN below 1.
  public func acosh() -> Tensor {
    mapped(.inverseHyperbolicCosine).recorded(as: "AcoshBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * (self * self - 1).rsqrt())
    }
  }

  /// The number whose hyperbolic tangent every element is, as `torch.atanh`; NaN outside of −1 to 1.
  public func atanh() -> Tensor {
    mapped(.inverseHyperbolicTangent).recorded(as: "AtanhBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient / (1 - self * self))
    }
  }

  /// e to the power of every element, less 1, also accurate near 0, as `torch.expm1`.
  public func expm1() -> Tensor {
    let y = mapped(.exponentialMinusOne)
    let saved = y.detached()
    return y.recorded(as: "Expm1Backward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(0, gradient * (inputs.output(saved) + 1))
    }
  }

  /// The number whose error function every element is, as `torch.erfinv`: infinite at −1 and 1, and NaN outside.
  public func erfinv() -> Tensor {
    let y = mapped(.inverseErrorFunction)
    let saved = y.detached()
    return y.recorded(as: "ErfinvBackward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(0, gradient * (0.886_226_925_452_758 * inputs.output(saved).pow(2).exp()))
    }
  }
}
