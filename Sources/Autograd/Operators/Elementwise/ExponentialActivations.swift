extension Tensor {
  /// x where it is positive, and α · (eˣ − 1) elsewhere, as `torch.nn.functional.elu` (D. Clevert et al., arXiv:1511.07289).
  ///
  /// - Parameter alpha: α, of which the negative is the limit for small x; the slope at 0 is α, too.
  public func elu(alpha: Double = 1) -> Tensor {
    requireFloatingPoint(for: "elu")
    return exponentialBelowZero(alpha: alpha, scale: 1)
  }

  /// λ times ``elu(alpha:)``, with λ and α such that layers of it keep mean 0 and variance 1, as
  /// `torch.nn.functional.selu` (G. Klambauer et al., arXiv:1706.02515).
  public func selu() -> Tensor {
    requireFloatingPoint(for: "selu")
    return exponentialBelowZero(alpha: 1.673_263_242_354_377_3, scale: 1.050_700_987_355_480_5)
  }

  /// scale · x where x is positive, and scale · alpha · (eˣ − 1) elsewhere.
  private func exponentialBelowZero(alpha: Double, scale: Double) -> Tensor {
    let x = detached()
    let y = x.combined(.elu, x.scalar(alpha))
    return (scale == 1 ? y : y * scale).recorded(as: "EluBackward0", from: [self], saving: [self]) { gradient, inputs in
      guard isGradEnabled else {
        let slope = x.combined(.eluSlope, x.scalar(alpha))
        return inputs.add(0, scale == 1 ? gradient * slope : gradient * slope * scale)
      }
      let isAbove = x .> 0
      let power = Tensor.select(isAbove, x.scalar(0), self).exp()
      inputs.add(0, .select(isAbove, gradient * scale, gradient * (power * (alpha * scale))))
    }
  }
}
