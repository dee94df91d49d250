import Foundation

/// The gamma function and its derivatives, which are computed in double precision.
extension Tensor {
  /// The logarithm of the size of the gamma function of every element, as `torch.lgamma`: infinite at 0 and the negative
  /// integers. It has gradients of any order, by ``digamma()`` and ``polygamma(_:)``.
  public func lgamma() -> Tensor {
    mapped(.logarithmOfGamma).recorded(as: "LgammaBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * self.digamma())
    }
  }

  /// The slope of the logarithm of the gamma function at every element, as `torch.digamma`: NaN at the negative integers.
  public func digamma() -> Tensor {
    mapped(.digamma).recorded(as: "DigammaBackward0", from: [self], saving: [self]) { gradient, inputs in
      inputs.add(0, gradient * self.polygamma(1))
    }
  }

  /// The derivative of an order of ``digamma()`` at every element, as `torch.polygamma(order, x)`:
  /// (−1)ⁿ⁺¹ · n! · Σ (x + k)⁻ⁿ⁻¹ over k from 0 on, which is infinite at 0 and the negative integers.
  ///
  /// - Parameter order: n, at least 0. Beyond 170 n! is infinite.
  public func polygamma(_ order: Int) -> Tensor {
    precondition(order >= 0, "polygamma of order \(order)")
    guard order > 0 else { return digamma() }
    requireFloatingPoint(for: "polygamma")
    let scale = tgamma(Double(order) + 1) * (order % 2 == 0 ? -1 : 1)
    // In float32 neither n! of large orders nor the sums that it is multiplied by are numbers.
    let x = detached().cast(to: .float64)
    let sums = x.scalar(Double(order) + 1).combined(.hurwitzZeta, x)
    return sums.combined(.multiply, x.scalar(scale)).cast(to: dtype)
      .recorded(as: "PolygammaBackward0", from: [self], saving: [self]) { gradient, inputs in
        inputs.add(0, gradient * self.polygamma(order + 1))
      }
  }
}
