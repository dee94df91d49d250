extension Tensor {
  /// The tensor with `value` around it, as `torch.nn.functional.pad(x, …, value=value)`.
  ///
  ///     x.padded([(1, 0), (2, 2)])   // a row above, two columns on each side
  ///
  /// - Parameters:
  ///   - widths: Elements before and after, for each of the last dimensions. (PyTorch's list begins with the last one.)
  ///   - value: What they are, in this tensor's type.
  public func padded(_ widths: [(Int, Int)], value: Double = 0) -> Tensor {
    precondition(
      widths.count <= rank && widths.allSatisfy { $0.0 >= 0 && $0.1 >= 0 },
      "padded by \(widths) of shape \(shape): needs widths from 0 on, of at most as many dimensions")
    let untouched = rank - widths.count
    let sizes = shape.enumerated().map { i, size in
      i < untouched ? size : size + widths[i - untouched].0 + widths[i - untouched].1
    }
    var inner = TensorPart(of: sizes)
    for (i, width) in widths.enumerated() {
      inner.keep(width.0..<width.0 + shape[untouched + i], of: untouched + i)
    }
    let result = Tensor.full(sizes, value, dtype: dtype, device: device)
    if count > 0 { inner.place(self, into: result) }
    return result.recorded(as: "ConstantPadNdBackward0", from: [self]) { gradient, inputs in
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
