extension Tensor {
  /// The tensor with `value` around it, as `torch.nn.functional.pad(x, …, value=value)`.
  ///
  ///     x.padded([(1, 0), (2, 2)])   // a row above, two columns on each side
  ///
  /// - Parameters:
  ///   - widths: Elements before and after, for each of the last dimensions. (PyTorch's list begins with the last one.) A
  ///     negative width leaves out as many elements.
  ///   - value: What they are, in this tensor's type.
  public func padded(_ widths: [(Int, Int)], value: Double = 0) -> Tensor {
    let untouched = rank - widths.count
    precondition(
      untouched >= 0
        && widths.enumerated().allSatisfy { i, width in shape[untouched + i] + min(width.0, 0) + min(width.1, 0) >= 0 },
      "padded by \(widths) of shape \(shape): needs widths of at most as many dimensions, of which negative ones leave "
        + "no less than nothing")
    let kept = widths.enumerated().reduce(self) { kept, place in
      let (i, width) = (untouched + place.offset, place.element)
      guard width.0 < 0 || width.1 < 0 else { return kept }
      return kept.sliced(max(-width.0, 0)..<shape[i] + min(width.1, 0), along: i)
    }
    let added = widths.map { (max($0.0, 0), max($0.1, 0)) }
    let sizes = kept.shape.enumerated().map { i, size in
      i < untouched ? size : size + added[i - untouched].0 + added[i - untouched].1
    }
    var inner = TensorPart(of: sizes)
    for (i, width) in added.enumerated() {
      inner.keep(width.0..<width.0 + kept.shape[untouched + i], of: untouched + i)
    }
    let result = Tensor.full(sizes, value, dtype: dtype, device: device)
    if kept.count > 0 { inner.place(kept, into: result) }
    return result.recorded(as: "ConstantPadNdBackward0", from: [kept]) { gradient, inputs in
      inputs.add(0, inner.taken(from: gradient, as: "SliceBackward0"))
    }
  }

  /// The elements of some dimensions in reverse, as `torch.flip`.
  public func flipped(_ dimensions: [Int]) -> Tensor {
    var (offset, strides) = (0, Shape.strides(shape))
    for dimension in Shape.normalize(dimensions, rank: rank) {
      offset += max(shape[dimension] - 1, 0) * strides[dimension]
      strides[dimension].negate()
    }
    let result = Tensor(uninitialized: shape, dtype: dtype, device: device)
    if count > 0 { backend.copy(self, offset: offset, strides: strides, into: result) }
    return result.recorded(as: "FlipBackward0", from: [self]) { gradient, inputs in
      inputs.add(0, gradient.flipped(dimensions))
    }
  }

  /// The elements of a dimension moved by `shift` places, those that leave at one end coming back at the other, as
  /// `torch.roll`.
  public func rolled(_ shift: Int, along dimension: Int) -> Tensor {
    precondition(rank > 0, "rolled needs a tensor with dimensions")
    let size = shape[Shape.normalize(dimension, rank: rank)]
    guard size > 0 else { return self }
    let start = (size - shift % size) % size
    return .concatenated(
      [sliced(start..<size, along: dimension), sliced(0..<start, along: dimension)], dimension: dimension)
  }
}
