extension Tensor {
  /// Element-wise sum; shapes are broadcast and types promoted.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    let (a, b) = promoted(a, b)
    let sum = a.combined(.add, b).recorded(as: "AddBackward0", from: .init(of: a, b)) { gradient, inputs in
      inputs.add(0, gradient.summed(like: a))
      inputs.add(1, gradient.summed(like: b))
    }
    if a.isMean || b.isMean { sum.isMean = true }
    return sum
  }

  /// Element-wise difference; shapes are broadcast and types promoted.
  public static func - (a: Tensor, b: Tensor) -> Tensor {
    let (a, b) = promoted(a, b)
    let difference = a.combined(.subtract, b).recorded(as: "SubBackward0", from: .init(of: a, b)) { gradient, inputs in
      inputs.add(0, gradient.summed(like: a))
      inputs.add(1, (-gradient).summed(like: b))
    }
    if a.isMean || b.isMean { difference.isMean = true }
    return difference
  }

  /// Element-wise product; shapes are broadcast and types promoted.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let (a, b) = promoted(a, b)
    let saved = a.requiresGrad ? (b.requiresGrad ? ShortList(of: a, b) : ShortList(of: b)) : ShortList(of: a)
    return a.combined(.multiply, b).recorded(as: "MulBackward0", from: .init(of: a, b), saving: saved) {
      gradient, inputs in
      inputs.add(0, (gradient * b).summed(like: a))
      inputs.add(1, (gradient * a).summed(like: b))
    }
  }

  /// Element-wise quotient; shapes are broadcast, types promoted, and integers divided as `float32`.
  public static func / (a: Tensor, b: Tensor) -> Tensor {
    guard a.dtype.isFloatingPoint || b.dtype.isFloatingPoint else {
      return a.cast(to: .float32).combined(.divide, b.cast(to: .float32))
    }
    let (a, b) = promoted(a, b)
    let saved = b.requiresGrad ? ShortList(of: a, b) : ShortList(of: b)
    return a.combined(.divide, b).recorded(as: "DivBackward0", from: .init(of: a, b), saving: saved) {
      gradient, inputs in
      inputs.add(0, (gradient / b).summed(like: a))
      inputs.add(1, (-gradient * ((a / b) / b)).summed(like: b))
    }
  }

  /// The negative of every element.
  public static prefix func - (x: Tensor) -> Tensor {
    guard x.dtype.isFloatingPoint else { return x.scalar(0) - x }
    let negative = x.mapped(.negate).recorded(as: "NegBackward0", from: .init(of: x)) { gradient, inputs in
      inputs.add(0, -gradient)
    }
    negative.isMean = x.isMean
    return negative
  }

  /// The larger of each pair of elements, NaN if one is; where they are equal, each gets half of the gradient.
  public func maximum(_ other: Tensor) -> Tensor { extremum(.maximum, other, "MaximumBackward0") }

  /// The smaller of each pair of elements, NaN if one is; where they are equal, each gets half of the gradient.
  public func minimum(_ other: Tensor) -> Tensor { extremum(.minimum, other, "MinimumBackward0") }

  private func extremum(_ operation: BinaryOperation, _ other: Tensor, _ name: StaticString) -> Tensor {
    let (a, b) = Self.promoted(self, other)
    let chosen = a.combined(operation, b)
    return chosen.recorded(as: name, from: .init(of: a, b), saving: .init(of: a, b)) { gradient, inputs in
      let (aLoses, bLoses) = operation == .maximum ? (a .< b, a .> b) : (a .> b, a .< b)
      let shared = Tensor.select(a .== b, gradient * 0.5, gradient)
      inputs.add(0, shared.filled(with: 0, where: aLoses).summed(like: a))
      inputs.add(1, shared.filled(with: 0, where: bLoses).summed(like: b))
    }
  }
}

// MARK: - Building blocks

extension Tensor {
  /// Both tensors in the type that can hold either.
  @inline(__always)
  static func promoted(_ a: Tensor, _ b: Tensor) -> (Tensor, Tensor) {
    a.dtype == b.dtype ? (a, b) : converted(a, b)
  }

  private static func converted(_ a: Tensor, _ b: Tensor) -> (Tensor, Tensor) {
    let dtype = resultType(a, b)
    return (a.cast(to: dtype), b.cast(to: dtype))
  }

  /// The type in which two tensors are combined.
  static func resultType(_ a: Tensor, _ b: Tensor) -> DataType {
    // A tensor without dimensions does not widen one that has some, within the same kind of number.
    let sameKind = a.dtype.kind == b.dtype.kind
    if sameKind && a.rank == 0 && b.rank > 0 { return b.dtype }
    if sameKind && b.rank == 0 && a.rank > 0 { return a.dtype }
    return .promoted(a.dtype, b.dtype)
  }

  /// The result of an element-wise function of two tensors of one type, without a graph.
  func combined(_ operation: BinaryOperation, _ other: Tensor) -> Tensor {
    precondition(
      dtype == other.dtype, "\(operation) of tensors of \(dtype) and \(other.dtype), which must have one type")
    let device = Self.commonDevice(self, other, of: operation)
    let result = Tensor(uninitialized: Shape.broadcast(shape, other.shape), dtype: dtype, device: device)
    result.backend.binary(operation, self, other, into: result)
    return result
  }

  /// The result of an element-wise function, without a graph.
  func mapped(_ operation: UnaryOperation) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: dtype, device: device)
    backend.unary(operation, self, into: result)
    return result
  }

  /// The gradient of `operand`, from that of its broadcast: summed over the dimensions along which it was repeated, and
  /// on its device, which differs when it is a number on the CPU.
  func summed(like operand: Tensor) -> Tensor { summed(to: operand.shape).to(operand.device) }

  /// The sum over the dimensions along which a tensor of shape `target` was repeated to get this one.
  func summed(to target: [Int]) -> Tensor {
    guard shape != target else { return self }
    let leading = rank - target.count
    let repeated = (0..<rank).filter { $0 < leading || (target[$0 - leading] == 1 && shape[$0] != 1) }
    return sum(repeated, keepingDimensions: true).reshaped(target)
  }
}
