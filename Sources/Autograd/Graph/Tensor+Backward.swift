extension Tensor {
  /// Computes the gradient of this tensor with respect to every leaf it was computed from and adds it to their `grad`.
  ///
  /// - Parameters:
  ///   - gradient: The gradient of the final result with respect to this tensor; 1 if left out, which is
  ///     possible for a tensor of one element only.
  ///   - retainGraph: Keeps the graph for another backward pass; otherwise it is freed on the way.
  ///   - createGraph: Records the backward pass itself, for higher derivatives (which also retains the graph).
  /// - Throws: ``AutogradError`` when nothing was recorded, the graph was freed, or a tensor it needs was changed.
  public func backward(gradient: Tensor? = nil, retainGraph: Bool = false, createGraph: Bool = false) throws {
    guard requiresGrad else { throw AutogradError.nothingRecorded }
    var start = try startingGradient(gradient)
    // It may be the `grad` of a leaf, which this pass adds to while operations still read what it starts with.
    if start.storage === gradient?.storage { start = start.cloned() }
    try BackwardPass(retainingGraph: retainGraph, creatingGraph: createGraph).run(from: self, gradient: start)
  }

  /// The gradient a pass starts with: the given one, or 1 for a scalar.
  func startingGradient(_ gradient: Tensor?) throws -> Tensor {
    if let gradient {
      guard gradient.shape == shape else { throw AutogradError.gradientShape(given: gradient.shape, expected: shape) }
      return gradient.cast(to: dtype).to(device)
    }
    guard count == 1 else { throw AutogradError.gradientNeeded(shape: shape) }
    return .constantOnes(shape, dtype: dtype, device: device)
  }

  /// Keeps the gradient of this computed tensor in `grad` when a backward pass goes through it; one that requires no
  /// gradients traps.
  public func retainGrad() {
    precondition(requiresGrad, "retainGrad of a tensor of shape \(shape) that does not require gradients")
    node?.retainedOutput = self
  }
}

/// The gradients of `result` with respect to `tensors`, without touching anybody's `grad`.
///
/// - Parameters:
///   - result: What is differentiated; of one element, unless `gradient` is given.
///   - tensors: Leaves or intermediate results.
///   - gradient: The gradient with respect to `result` itself; 1 if left out.
///   - retainGraph: Keeps the graph for another pass.
///   - createGraph: Records the computation of the gradients, so that they can be differentiated again.
/// - Returns: One gradient for each of `tensors`, of its shape.
/// - Throws: ``AutogradError``, also when `result` does not depend on one of `tensors`.
public func gradients(
  of result: Tensor, withRespectTo tensors: [Tensor], gradient: Tensor? = nil, retainGraph: Bool = false,
  createGraph: Bool = false
) throws -> [Tensor] {
  let found = try gradientsIfUsed(
    of: result, withRespectTo: tensors, gradient: gradient, retainGraph: retainGraph, createGraph: createGraph)
  return try found.enumerated().map { index, gradient in
    guard let gradient else { throw AutogradError.unused(index: index) }
    return gradient
  }
}

/// As ``gradients(of:withRespectTo:gradient:retainGraph:createGraph:)``, with `nil` for a tensor that the result does
/// not depend on, PyTorch's `allow_unused`.
public func gradientsIfUsed(
  of result: Tensor, withRespectTo tensors: [Tensor], gradient: Tensor? = nil, retainGraph: Bool = false,
  createGraph: Bool = false
) throws -> [Tensor?] {
  let pass = BackwardPass(retainingGraph: retainGraph, creatingGraph: createGraph, capturing: tensors)
  try pass.run(from: result, gradient: result.startingGradient(gradient))
  // They may have been transposed on the way, but are the caller's to change.
  for gradient in pass.gradients { gradient?.storage.isCopyOfPart = false }
  return pass.gradients
}
