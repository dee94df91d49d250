extension Tensor {
  /// The nearest integer of every element, and the even one of two that are equally near, as `torch.round`; its slope is 0.
  ///
  /// Where values that are to be quantized are trained, their gradient passes straight through (Y. Bengio et al.,
  /// arXiv:1308.3432):
  ///
  ///     x + (x.rounded() - x).detached()
  public func rounded() -> Tensor { integers(.round, as: "RoundBackward0") }

  /// The largest integer that is not above every element, as `torch.floor`; its slope is 0.
  public func floor() -> Tensor { integers(.floor, as: "FloorBackward0") }

  /// The smallest integer that is not below every element, as `torch.ceil`; its slope is 0.
  public func ceil() -> Tensor { integers(.ceiling, as: "CeilBackward0") }

  /// Integers are their own.
  private func integers(_ operation: UnaryOperation, as name: StaticString) -> Tensor {
    guard dtype.isFloatingPoint else { return cloned() }
    return mapped(operation).recorded(as: name, from: [self]) { gradient, inputs in
      inputs.add(0, .zerosLike(gradient))
    }
  }
}
