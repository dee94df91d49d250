extension Tensor {
  /// x where it is positive, and α · (eˣ − 1) elsewhere, as `torch.nn.functional.elu` (D. Clevert et al., arXiv:1511.07289).
  ///
  /// - Parameter alpha: α, of which the negative is the limit for small x; the slope at 0 is α, too.
  public func elu(alpha: Double = 1) -> Tensor { exponentialBelowZero(alpha: alpha, scale: 1, of: "elu") }

  /// λ times ``elu(alpha:)``, with λ and α such that layers of it keep mean 0 and variance 1, as
  /// `torch.nn.functional.selu` (G. Klambauer et al., arXiv:1706.02515).
  public func selu() -> Tensor {
    exponentialBelowZero(alpha: 1.673_263_242_354_377_3, scale: 1.050_700_987_355_480_5, of: "selu")
  }

  /// scale · x where x is positive, and scale · alpha · (eˣ − 1) elsewhere.
  private func exponentialBelowZero(alpha: Double, scale: Double, of name: StaticString) -> Tensor {
    requireFloatingPoint(for: name)
    let x = detached()
    let isBelow = x .<= 0
    func negative(_ x: Tensor) -> Tensor { .select(isBelow, x, x.scalar(0)) }
    let z = negative(x)
    // eˣ − 1 = tanh(x / 2) · (eˣ + 1), which is accurate near 0, too.
    let y = Tensor.select(isBelow, (z * 0.5).tanh() * (z.exp() + 1) * (alpha * scale), x * scale)
    return y.recorded(as: "EluBackward0", from: [self], saving: [self]) { gradient, inputs in
      let slope = negative(self).exp() * (alpha * scale)
      inputs.add(0, .select(isBelow, gradient * slope, gradient * scale))
    }
  }
}
