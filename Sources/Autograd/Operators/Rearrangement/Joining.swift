extension Tensor {
  /// The tensors one after the other along a dimension, as `torch.cat`.
  ///
  /// - Parameters:
  ///   - tensors: At least one, of the same shape but for `dimension`; types are promoted. Those of shape [0] add nothing,
  ///     whatever the others' shape.
  ///   - dimension: Its size in the result is the sum of the sizes.
  public static func concatenated(_ tensors: [Tensor], dimension: Int = 0) -> Tensor {
    precondition(!tensors.isEmpty, "concatenated needs at least one tensor")
    let dtype = tensors.dropFirst().reduce(tensors[0].dtype) { .promoted($0, $1.dtype) }
    let parts = tensors.map { $0.cast(to: dtype) }
    let model = parts.first { $0.shape != [0] } ?? parts[0]
    precondition(model.rank > 0, "tensors without dimensions cannot be concatenated; use stacked")
    let dimension = Shape.normalize(dimension, rank: model.rank)
    let sizes = parts.map { part in
      guard part.shape != [0] else { return 0 }
      var shape = part.shape
      if part.rank == model.rank { shape[dimension] = model.shape[dimension] }
      precondition(
        shape == model.shape,
        "concatenated along dimension \(dimension): shapes \(model.shape) and \(part.shape) differ elsewhere")
      return part.shape[dimension]
    }
    var starts = [0]
    for size in sizes { starts.append(starts[starts.count - 1] + size) }
    let whole = model.shape.enumerated().map { $0 == dimension ? starts[parts.count] : $1 }
    let result = joined(parts, along: dimension, shape: whole, starts: starts)
    let shapes = parts.map(\.shape)
    return result.recorded(as: "CatBackward0", from: ShortList(parts)) { gradient, inputs in
      for (i, shape) in shapes.enumerated() {
        inputs.add(i, gradient.sliced(starts[i]..<starts[i + 1], along: dimension).reshaped(shape))
      }
    }
  }

  /// The tensors, which have one shape, side by side along a new dimension, as `torch.stack`.
  public static func stacked(_ tensors: [Tensor], dimension: Int = 0) -> Tensor {
    precondition(!tensors.isEmpty, "stacked needs at least one tensor")
    let shape = tensors[0].shape
    for tensor in tensors {
      precondition(tensor.shape == shape, "stacked needs tensors of one shape, not \(shape) and \(tensor.shape)")
    }
    let dtype = tensors.dropFirst().reduce(tensors[0].dtype) { .promoted($0, $1.dtype) }
    let parts = tensors.map { $0.cast(to: dtype) }
    let dimension = Shape.normalize(dimension, rank: shape.count + 1)
    let slices = parts.map { $0.detached().unsqueezed(dimension) }
    var whole = shape
    whole.insert(parts.count, at: dimension)
    let result = joined(slices, along: dimension, shape: whole, starts: Array(parts.indices))
    return result.recorded(as: "StackBackward0", from: ShortList(parts)) { gradient, inputs in
      for i in parts.indices { inputs.add(i, gradient.selected(i, along: dimension)) }
    }
  }

  /// The parts copied to their places along a dimension, without a graph.
  private static func joined(_ parts: [Tensor], along dimension: Int, shape: [Int], starts: [Int]) -> Tensor {
    let result = Tensor(uninitialized: shape, dtype: parts[0].dtype, device: parts[0].device)
    let strides = Shape.strides(shape)
    for (part, start) in zip(parts, starts) {
      result.requireSameDevice(part, for: "concatenated or stacked")
      guard part.count > 0 else { continue }
      result.backend.place(part, into: result, offset: start * strides[dimension], strides: strides)
    }
    return result
  }
}
