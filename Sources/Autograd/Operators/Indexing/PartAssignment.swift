/// A part of a tensor that can be assigned to.
protocol AssignablePart {
  /// What a recorded assignment is called.
  static var assignmentName: StaticString { get }
  /// What the part has as a tensor of its own.
  var shapeOfPart: [Int] { get }
  /// The part of `x`, in its graph.
  func taken(from x: Tensor) -> Tensor
  /// The gradient of the values that were assigned, from that of the whole.
  func gradientOfValues(_ gradient: Tensor) -> Tensor
  /// Writes `values`, of the part's shape and the type of `whole`, to this part of it, without a graph.
  func place(_ values: Tensor, into whole: Tensor)
}

extension TensorPart: AssignablePart {
  static var assignmentName: StaticString { "CopySlices" }

  func taken(from x: Tensor) -> Tensor { taken(from: x, as: "SliceBackward0") }
}

extension AssignablePart {
  func gradientOfValues(_ gradient: Tensor) -> Tensor { taken(from: gradient) }

  /// Replaces this part of `whole` by `value`, which is broadcast and converted to its type, and records that.
  ///
  /// The gradient of `value` is that of the part, and the gradient of what `whole` was before is 0 there, as in PyTorch.
  /// Traps where no such gradient can be had.
  func assign(_ value: Tensor, to whole: Tensor) {
    precondition(
      Shape.broadcast(shapeOfPart, value.shape) == shapeOfPart,
      "a tensor of shape \(value.shape) does not broadcast to the part of shape \(shapeOfPart) that it is assigned to")
    precondition(!whole.storage.isCopyOfPart, "\(AutogradError.copyChangedInPlace)")
    precondition(!isGradEnabled || !whole.isLeaf || !whole.requiresGrad, "\(AutogradError.leafChangedInPlace)")
    precondition(
      !isGradEnabled || !value.requiresGrad || whole.dtype.isFloatingPoint,
      "a tensor that requires gradients is assigned to a part of one of \(whole.dtype), which has none: detach it first"
    )
    // What overlaps this tensor is read before it is overwritten.
    let source = (value.storage === whole.storage ? value.cloned() : value).cast(to: whole.dtype).to(whole.device)
    whole.storage.version &+= 1
    place(source.detached().expanded(to: shapeOfPart), into: whole)
    record(source, assignedTo: whole)
  }

  private func record(_ source: Tensor, assignedTo whole: Tensor) {
    let (before, sourceShape) = (whole.node, source.shape)
    _ = whole.recorded(as: Self.assignmentName, from: [whole, source]) { gradient, inputs in
      inputs.add(0, withZeros(gradient))
      inputs.add(1, gradientOfValues(gradient).summed(to: sourceShape))
    }
    guard let after = whole.node, after !== before else { return }
    whole.becomeOnlyTensorOfStorage()
    if let output = before?.retainedOutput {
      before?.retainedOutput = nil
      after.retainedOutput = output
    }
  }

  /// A copy of `gradient` with zeros in this part.
  private func withZeros(_ gradient: Tensor) -> Tensor {
    let rest = gradient.cloned()
    assign(.zeros([], dtype: gradient.dtype, device: gradient.device), to: rest)
    return rest
  }
}
