/// How queries, keys and values of an attention are given, and its result.
enum AttentionForm {
  /// Three tensors [..., rows, size].
  case separate
  /// Three tensors [N, rows, heads · size].
  case heads(Int)
  /// One tensor [N, rows, 3 · heads · size].
  case packed(heads: Int)

  /// Queries, keys and values, each [..., rows, size].
  func split(_ inputs: [Tensor]) -> AttentionInputs<Tensor> {
    guard case .packed(let heads) = self else {
      return .init(queries: rows(inputs[0]), keys: rows(inputs[1]), values: rows(inputs[2]))
    }
    let x = inputs[0]
    let all = x.reshaped([x.shape[0], x.shape[1], 3, heads, x.shape[2] / (3 * heads)]).permuted([2, 0, 3, 1, 4])
    return .init(queries: all.selected(0), keys: all.selected(1), values: all.selected(2))
  }

  /// What ``split(_:)`` made parts of.
  func joined(_ parts: AttentionInputs<Tensor>) -> [Tensor] {
    guard case .packed = self else { return [join(parts.queries), join(parts.keys), join(parts.values)] }
    return [
      Tensor.stacked([parts.queries, parts.keys, parts.values]).permuted([1, 3, 0, 2, 4]).flattened(from: 2)
    ]
  }

  /// The rows of the heads, [..., rows, size], of a tensor that has those of one kind.
  func rows(_ x: Tensor) -> Tensor {
    switch self {
    case .separate: x
    case .heads(let heads), .packed(let heads):
      x.reshaped([x.shape[0], x.shape[1], heads, x.shape[2] / heads]).permuted([0, 2, 1, 3])
    }
  }

  /// The tensor of which ``rows(_:)`` makes `rows`.
  func join(_ rows: Tensor) -> Tensor {
    switch self {
    case .separate: rows
    case .heads, .packed: rows.permuted([0, 2, 1, 3]).flattened(from: 2)
    }
  }

  /// Where the rows of queries, keys and values lie in the inputs.
  func layouts(_ inputs: [Tensor]) -> AttentionInputs<HeadLayout> {
    guard case .packed(let heads) = self else {
      return .init(queries: layout(inputs[0].shape), keys: layout(inputs[1].shape), values: layout(inputs[2].shape))
    }
    let (length, width) = (inputs[0].shape[1], inputs[0].shape[2])
    func part(_ number: Int) -> HeadLayout {
      HeadLayout(
        width: width / (3 * heads), offset: number * width / 3, batchStride: length * width,
        headStride: width / (3 * heads), rowStride: width)
    }
    return .init(queries: part(0), keys: part(1), values: part(2))
  }

  /// Where the rows lie in a tensor of one kind.
  func layout(_ shape: [Int]) -> HeadLayout {
    let (rows, width) = (shape[shape.count - 2], shape[shape.count - 1])
    return switch self {
    case .separate: HeadLayout(width: width, offset: 0, batchStride: rows * width, headStride: 0, rowStride: width)
    case .heads(let heads), .packed(let heads):
      HeadLayout(
        width: width / heads, offset: 0, batchStride: rows * width, headStride: width / heads, rowStride: width)
    }
  }

  /// The shapes of queries, keys and values as ``split(_:)`` gives them.
  func shapes(_ inputs: [Tensor]) -> AttentionInputs<[Int]> {
    switch self {
    case .separate: return .init(queries: inputs[0].shape, keys: inputs[1].shape, values: inputs[2].shape)
    case .heads(let heads):
      func rows(_ x: Tensor) -> [Int] { [x.shape[0], heads, x.shape[1], x.shape[2] / heads] }
      return .init(queries: rows(inputs[0]), keys: rows(inputs[1]), values: rows(inputs[2]))
    case .packed(let heads):
      let rows = [inputs[0].shape[0], heads, inputs[0].shape[1], inputs[0].shape[2] / (3 * heads)]
      return .init(queries: rows, keys: rows, values: rows)
    }
  }

  /// The shape of a result of these rows.
  func resultShape(_ rows: [Int]) -> [Int] {
    switch self {
    case .separate: rows
    case .heads, .packed: [rows[0], rows[2], rows[1] * rows[3]]
    }
  }
}
