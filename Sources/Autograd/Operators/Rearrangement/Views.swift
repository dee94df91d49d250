extension Tensor {
  /// The same elements, in the same memory, in another shape; one size may be −1 and then follows from the others.
  public func reshaped(_ newShape: [Int]) -> Tensor {
    let target = Shape.inferred(newShape, count: count, from: shape)
    return viewed(in: target, as: "ViewBackward0")
  }

  /// The same elements, in the same memory, in a shape that holds as many.
  func viewed(in target: [Int], as name: StaticString) -> Tensor {
    let original = shape
    let view = part(shape: target).recorded(as: name, from: [self]) { gradient, inputs in
      inputs.add(0, gradient.reshaped(original))
    }
    view.isMean = isMean
    return view
  }

  /// The same elements with a new dimension of size 1.
  public func unsqueezed(_ dimension: Int) -> Tensor {
    var target = shape
    target.insert(1, at: Shape.normalize(dimension, rank: rank + 1))
    return viewed(in: target, as: "UnsqueezeBackward0")
  }

  /// The same elements without a dimension, which must have size 1.
  public func squeezed(_ dimension: Int) -> Tensor {
    var target = shape
    let place = Shape.normalize(dimension, rank: rank)
    precondition(rank > 0 && shape[place] == 1, "dimension \(dimension) of shape \(shape) is not of size 1")
    target.remove(at: place)
    return viewed(in: target, as: "SqueezeBackward1")
  }

  /// The same elements without the dimensions of size 1.
  public func squeezed() -> Tensor { viewed(in: shape.filter { $0 != 1 }, as: "SqueezeBackward0") }

  /// All dimensions from `start` to `end` merged into one.
  public func flattened(from start: Int = 0, through end: Int = -1) -> Tensor {
    guard rank > 0 else { return reshaped([1]) }
    let (first, last) = (Shape.normalize(start, rank: rank), Shape.normalize(end, rank: rank))
    precondition(first <= last, "flattened(from: \(start), through: \(end)) of a tensor of \(rank) dimensions")
    return reshaped(shape[..<first] + [shape[first...last].reduce(1, *)] + shape[(last + 1)...])
  }

  /// A copy with the dimensions in another order: dimension i of the result is dimension `order[i]` of this tensor.
  public func permuted(_ order: [Int]) -> Tensor { permuted(order, as: "PermuteBackward0") }

  private func permuted(_ order: [Int], as name: StaticString) -> Tensor {
    let order = order.map { Shape.normalize($0, rank: rank) }
    precondition(
      order.count == rank && Set(order).count == rank,
      "permuted(\(order)) does not name each of \(rank) dimensions once")
    let strides = Shape.strides(shape)
    let result = Tensor(uninitialized: order.map { shape[$0] }, dtype: dtype, device: device)
    backend.copy(self, offset: 0, strides: order.map { strides[$0] }, into: result)
    result.storage.isCopyOfPart = true
    return result.recorded(as: name, from: [self]) { gradient, inputs in
      var inverse = order
      for (i, dimension) in order.enumerated() { inverse[dimension] = i }
      inputs.add(0, gradient.permuted(inverse, as: name))
    }
  }

  /// A copy with two dimensions exchanged.
  public func transposed(_ first: Int = -2, _ second: Int = -1) -> Tensor {
    var order = Array(0..<rank)
    order.swapAt(Shape.normalize(first, rank: rank), Shape.normalize(second, rank: rank))
    return permuted(order, as: "TransposeBackward0")
  }

  /// The tensor repeated along new leading dimensions and along those of size 1, until it has shape `target`;
  /// −1 keeps a size.
  public func expanded(to target: [Int]) -> Tensor {
    let leading = target.count - rank
    let target = target.enumerated().map { i, size in size == -1 && i >= leading ? shape[i - leading] : size }
    guard target != shape else { return viewed(in: target, as: "ExpandBackward0") }
    let original = shape
    let result = Tensor(uninitialized: target, dtype: dtype, device: device)
    backend.copy(self, offset: 0, strides: Shape.broadcastStrides(shape, to: target), into: result)
    return result.recorded(as: "ExpandBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, gradient.summed(to: original))
    }
  }

  /// The elements converted to another type; the tensor itself if it has that type already.
  public func cast(to newType: DataType) -> Tensor {
    guard newType != dtype else { return self }
    let original = dtype
    let result = Tensor(uninitialized: shape, dtype: newType, device: device)
    backend.convert(self, into: result)
    return result.recorded(as: "ToCopyBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, gradient.cast(to: original))
    }
  }

  /// This tensor, or its elements as `int64` if it is of bytes or truth values, for which backends have no arithmetic.
  var widened: Tensor { dtype == .uint8 || dtype == .bool ? cast(to: .int64) : self }

  /// A copy with a graph of its own place: gradients flow through it to this tensor.
  public func cloned() -> Tensor {
    ownedCopy().recorded(as: "CloneBackward0", from: [self]) { gradient, inputs in inputs.add(0, gradient) }
  }

  /// A copy of the elements without a graph.
  func ownedCopy() -> Tensor {
    let copy = Tensor(uninitialized: shape, dtype: dtype, device: device)
    backend.convert(self, into: copy)
    return copy
  }
}
