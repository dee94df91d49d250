extension Tensor {
  /// Elements of `a` where `condition` is true and of `b` where it is not, as `torch.where`; shapes are broadcast and
  /// types promoted.
  ///
  /// The elements that are not selected get a gradient of 0, whatever they are.
  ///
  /// - Parameter condition: Of type `bool`.
  public static func select(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    precondition(condition.dtype == .bool, "select needs a condition of bool, not \(condition.dtype)")
    let (a, b) = promoted(a, b)
    let shape = Shape.broadcast(condition.shape, Shape.broadcast(a.shape, b.shape))
    let device = commonDevice(a, b, of: "select")
    let result = Tensor(uninitialized: shape, dtype: a.dtype, device: device)
    result.requireSameDevice(condition, for: "select")
    result.backend.select(condition, a, b, into: result)
    return result.recorded(as: "WhereBackward0", from: [a, b], saving: [condition]) { gradient, inputs in
      inputs.add(0, select(condition, gradient, gradient.scalar(0)).summed(like: a))
      inputs.add(1, select(condition, gradient.scalar(0), gradient).summed(like: b))
    }
  }

  /// This tensor with `value`, in its type, in place of every element at which `mask`, of type `bool`, is true, as
  /// `torch.masked_fill`; shapes are broadcast, of this tensor as of the mask.
  public func filled(with value: Double, where mask: Tensor) -> Tensor {
    .select(mask, .full([], value, dtype: dtype), self)
  }

  /// Every element moved to the nearest bound if it is outside of them; the slope is 1 between the bounds, and 0 at
  /// them and elsewhere, as in PyTorch 2.15. Integers with a bound that is none become `float32`; for
  /// `uint8` a bound that leaves no byte traps.
  public func clamped(min: Double? = nil, max: Double? = nil) -> Tensor {
    guard dtype.isFloatingPoint else {
      guard ![min, max].contains(where: { $0.map { scalar($0).dtype.isFloatingPoint } ?? false }) else {
        return cast(to: .float32).clamped(min: min, max: max)
      }
      precondition(
        dtype != .uint8 || min ?? 0 <= 255 && max ?? 255 >= 0,
        "clamped of uint8 between \(min ?? 0) and \(max ?? 255): bytes are from 0 to 255")
      let raised = min.map { .select(self .< $0, scalar($0), self) } ?? cloned()
      return max.map { .select(raised .> $0, raised.scalar($0), raised) } ?? raised
    }
    let x = detached()
    let y: Tensor
    if let min, let max {
      y = Tensor(uninitialized: shape, dtype: dtype, device: device)
      backend.clamp(x, from: min, to: max, into: y)
    } else {
      y = min.map { x.combined(.maximum, scalar($0)) } ?? max.map { x.combined(.minimum, scalar($0)) } ?? x.ownedCopy()
    }
    return y.recorded(as: "ClampBackward1", from: [self], saving: [self]) { gradient, inputs in
      var passed = gradient
      if let min { passed = .select(x .> min, passed, passed.scalar(0)) }
      if let max { passed = .select(x .< max, passed, passed.scalar(0)) }
      inputs.add(0, passed)
    }
  }
}
