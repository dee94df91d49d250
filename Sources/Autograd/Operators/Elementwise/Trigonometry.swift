extension Tensor {
  /// The tangent of every element, in radians, as `torch.tan`.
  public func tan() -> Tensor {
    let y = mapped(.tangent)
    let saved = y.detached()
    return y.recorded(as: "TanBackward0", from: [self], saving: [y]) { gradient, inputs in
      inputs.add(0, gradient * (1 + inputs.output(saved).pow(2)))
    }
  }

  /// The angle from −π/2 to π/2 whose sine every element is, in radians, as `torch.asin`; NaN outside of −1 to 1.
  public func asin() -> Tensor {
    mapped(.arcSine).recorded(as: "AsinBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * (1 - self * self).rsqrt())
    }
  }

  /// The angle from 0 to π whose cosine every element is, in radians, as `torch.acos`; NaN outside of −1 to 1.
  public func acos() -> Tensor {
    mapped(.arcCosine).recorded(as: "AcosBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, -gradient * (1 - self * self).rsqrt())
    }
  }

  /// The angle from −π/2 to π/2 whose tangent every element is, in radians, as `torch.atan`.
  public func atan() -> Tensor {
    mapped(.arcTangent).recorded(as: "AtanBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient / (self * self + 1))
    }
  }

  /// The angle from −π to π, in radians, of the point that has this tensor's element as ordinate and that of another in
  /// its place as abscissa, as `torch.atan2(y, x)`; shapes are broadcast. The slope at the origin is taken to be 0.
  ///
  ///     let angle = y.atan2(x)
  public func atan2(_ x: Tensor) -> Tensor {
    let (y, x) = Self.promoted(self, x)
    y.requireFloatingPoint(for: "atan2")
    return y.combined(.direction, x).recorded(as: "Atan2Backward0", from: [y, x], saving: [y, x]) { gradient, inputs in
      let square = y * y + x * x
      let isOrigin = square.detached() .== 0
      let scaled = (gradient / square.filled(with: 1, where: isOrigin)).filled(with: 0, where: isOrigin)
      inputs.add(0, (scaled * x).summed(like: y))
      inputs.add(1, (scaled * -y).summed(like: x))
    }
  }
}
