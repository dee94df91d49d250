extension Tensor {
  /// Replaces the elements by those of `other`, which is broadcast to this tensor's shape and converted to its type.
  ///
  /// - Throws: ``AutogradError`` when this tensor or `other` is tracked and operations are being recorded (see
  ///   ``noGrad(_:)``), or this tensor is a copy of a part of another, as `t[0..., 0]` is.
  public func copyElements(from other: Tensor) throws {
    try changeInPlace(by: other) { assign(other.detached().expanded(to: shape)) }
  }

  /// Sets every element to `value`.
  ///
  /// - Throws: ``AutogradError`` when this tensor is tracked and operations are being recorded (see ``noGrad(_:)``), or
  ///   it is a copy of a part of another, as `t[0..., 0]` is.
  public func fill(_ value: Double) throws {
    try changeInPlace { backend.fill(self, with: value) }
  }

  /// Adds in place.
  ///
  /// - Throws: ``AutogradError`` when `target` or `other` is tracked and operations are being recorded; see ``noGrad(_:)``.
  public static func += (target: Tensor, other: Tensor) throws { try target.combine(.add, other) }

  /// Subtracts in place.
  ///
  /// - Throws: ``AutogradError`` when `target` or `other` is tracked and operations are being recorded; see ``noGrad(_:)``.
  public static func -= (target: Tensor, other: Tensor) throws { try target.combine(.subtract, other) }

  /// Multiplies in place.
  ///
  /// - Throws: ``AutogradError`` when `target` or `other` is tracked and operations are being recorded; see ``noGrad(_:)``.
  public static func *= (target: Tensor, other: Tensor) throws { try target.combine(.multiply, other) }

  /// Divides in place.
  ///
  /// - Throws: ``AutogradError`` when `target` or `other` is tracked and operations are being recorded; see ``noGrad(_:)``.
  public static func /= (target: Tensor, other: Tensor) throws { try target.combine(.divide, other) }

  private func combine(_ operation: BinaryOperation, _ other: Tensor) throws {
    precondition(
      Shape.broadcast(shape, other.shape) == shape, "shape \(other.shape) does not broadcast in place to \(shape)")
    let resultType =
      operation == .divide ? DataType.promoted(.float32, Self.resultType(self, other)) : Self.resultType(self, other)
    precondition(
      resultType.kind <= dtype.kind,
      "\(operation) in place of \(dtype) and \(other.dtype) would give \(resultType), which \(dtype) does not hold")
    var operand = other.detached().cast(to: dtype)
    // What overlaps this tensor is read before it is overwritten.
    let isSame = operand.offset == offset && operand.count == count
    if operand.storage === storage && !isSame { operand = operand.ownedCopy() }
    try changeInPlace(by: other) { backend.binary(operation, self, operand, into: self) }
  }

  /// Lets `change` overwrite the elements, unless that would falsify gradients or lose that of `operand`.
  private func changeInPlace(by operand: Tensor? = nil, _ change: () -> Void) throws {
    if storage.isCopyOfPart { throw AutogradError.copyChangedInPlace }
    if isGradEnabled {
      if let node { throw AutogradError.resultChangedInPlace(operation: "\(node.name)") }
      if requiresGrad { throw AutogradError.leafChangedInPlace }
      if operand?.requiresGrad == true { throw AutogradError.trackedOperandInPlace }
    }
    storage.version &+= 1
    change()
  }
}
