extension Tensor {
  /// e to the power of every element.
  public func exp() -> Tensor {
    let y = mapped(.exponential)
    let saved = y.detached()
    return y.recorded(as: "ExpBackward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(0, gradient * inputs.output(saved))
    }
  }

  /// The natural logarithm of every element.
  public func log() -> Tensor {
    mapped(.logarithm).recorded(as: "LogBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient / self)
    }
  }

  /// The natural logarithm of 1 + x, also accurate near 0.
  public func log1p() -> Tensor {
    mapped(.logarithmOfOnePlus).recorded(as: "Log1PBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient / (self + 1))
    }
  }

  /// The sine of every element, in radians.
  public func sin() -> Tensor {
    mapped(.sine).recorded(as: "SinBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * self.cos())
    }
  }

  /// The cosine of every element, in radians.
  public func cos() -> Tensor {
    mapped(.cosine).recorded(as: "CosBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, -gradient * self.sin())
    }
  }

  /// The error function of every element.
  public func erf() -> Tensor {
    mapped(.errorFunction).recorded(as: "ErfBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * (1.128_379_167_095_512_6 * (-(self * self)).exp()))
    }
  }

  /// The square root of every element.
  public func sqrt() -> Tensor {
    let y = mapped(.squareRoot)
    let saved = y.detached()
    return y.recorded(as: "SqrtBackward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(0, gradient / (2 * inputs.output(saved)))
    }
  }

  /// One over the square root of every element.
  public func rsqrt() -> Tensor {
    let y = mapped(.reciprocalSquareRoot)
    let saved = y.detached()
    return y.recorded(as: "RsqrtBackward0", from: [self], saving: [y]) { gradient, inputs in
      let y = inputs.output(saved)
      inputs.add(0, -0.5 * gradient * y * y * y)
    }
  }

  /// One over every element.
  public func reciprocal() -> Tensor {
    let y = mapped(.reciprocal)
    let saved = y.detached()
    return y.recorded(as: "ReciprocalBackward0", from: [self], saving: [y]) { gradient, inputs in
      let y = inputs.output(saved)
      inputs.add(0, -gradient * y * y)
    }
  }

  /// The absolute value of every element; its slope at 0 is 0.
  public func abs() -> Tensor {
    guard dtype.isFloatingPoint else { return dtype == .uint8 ? cloned() : maximum(-self) }
    return mapped(.absolute).recorded(as: "AbsBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * self.detached().mapped(.sign))
    }
  }

  /// 1 for every element above 0, −1 for every one below, and 0 for others, of which NaN is one; its slope is 0.
  public func sign() -> Tensor {
    guard dtype.isFloatingPoint else { return (self .> 0).cast(to: .int64) - (self .< 0).cast(to: .int64) }
    return mapped(.sign).recorded(as: "SignBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, .zerosLike(gradient))
    }
  }

  /// Every element to a fixed power, which is at least 0 for integers.
  public func pow(_ exponent: Double) -> Tensor {
    guard dtype.isFloatingPoint else {
      precondition(exponent >= 0, "\(dtype) to the power of \(exponent): integers have no negative powers")
      return pow(scalar(exponent))
    }
    let y: Tensor =
      switch exponent {
      case 1: ownedCopy()
      case 2: mapped(.square)
      case 0.5: mapped(.squareRoot)
      case -1: mapped(.reciprocal)
      default: combined(.power, scalar(exponent))
      }
    return y.recorded(as: "PowBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, exponent == 0 ? .zerosLike(gradient) : gradient * (exponent * self.pow(exponent - 1)))
    }
  }

  /// Every element to the power of the element of `exponent` in its place; shapes are broadcast.
  public func pow(_ exponent: Tensor) -> Tensor {
    let (base, exponent) = Self.promoted(self, exponent)
    let y = base.combined(.power, exponent)
    let saved = y.detached()
    return y.recorded(as: "PowBackward1", from: [base, exponent], saving: [base, exponent, y]) { gradient, inputs in
      // To the power of 0 nothing changes: the slope is 0 times a power that is finite.
      let isPlain = exponent.detached().combined(.equal, exponent.scalar(0))
      inputs.add(0, (gradient * (exponent * base.pow(exponent - 1 + isPlain))).summed(like: base))
      // 0 to a power from 0 on does not change with the power, though the logarithm of 0 is infinite.
      let isZero = base.detached().combined(.equal, base.scalar(0))
      let isConstant = isZero * base.scalar(0).combined(.lessOrEqual, exponent.detached())
      inputs.add(1, (gradient * (inputs.output(saved) * (base + isConstant).log())).summed(like: exponent))
    }
  }
}

/// Powers bind tighter than products, and to the right: `3 * x ** 2` is 3 · (x²).
precedencegroup ExponentiationPrecedence {
  higherThan: MultiplicationPrecedence
  associativity: right
}
infix operator ** : ExponentiationPrecedence

extension Tensor {
  /// Every element to a fixed power.
  public static func ** (base: Tensor, exponent: Double) -> Tensor { base.pow(exponent) }
  /// Every element to the power of the element of `exponent` in its place.
  public static func ** (base: Tensor, exponent: Tensor) -> Tensor { base.pow(exponent) }
}
