extension Tensor {
  /// The part of a dimension from `range.lowerBound` to before `range.upperBound`, every `step`-th of it; what is beyond
  /// the end is left out.
  ///
  /// The part of the first dimension (of those with more than one element) shares this tensor's memory; others are
  /// copies.
  public func sliced(_ range: Range<Int>, along dimension: Int = 0, step: Int = 1) -> Tensor {
    precondition(rank > 0, "a tensor without dimensions cannot be sliced")
    var part = TensorPart(of: shape)
    part.keep(range, of: Shape.normalize(dimension, rank: rank), step: step)
    return part.taken(from: self, as: "SliceBackward0")
  }

  /// The elements at `index` of a dimension, which is left out; negative indices count from the end.
  public func selected(_ index: Int, along dimension: Int = 0) -> Tensor {
    precondition(rank > 0, "a tensor without dimensions cannot be indexed")
    var part = TensorPart(of: shape)
    part.keep(only: index, of: Shape.normalize(dimension, rank: rank))
    return part.taken(from: self, as: "SelectBackward0")
  }

  /// A part of the tensor, by an index or a range for each of the first dimensions; an index leaves its dimension out,
  /// and what of a range is beyond the end is left out.
  ///
  ///     x[2]                      // the third row
  ///     x[1..<4, 0..<2]           // the first two columns of three rows
  ///     x[0..., -1]               // the last column
  ///     x[0..., -1] = y           // replaces it
  ///     x[0..., -1] = Tensor(0)   // by zeros
  ///
  /// What is assigned is broadcast to the part's shape and converted to this tensor's type, and gradients flow back to
  /// it. After a recorded assignment other tensors that share the memory, such as rows taken before, stop the program
  /// where a recorded operation takes them. A leaf that requires gradients is assigned to inside ``noGrad(_:)`` only.
  public subscript(_ indices: any TensorIndex...) -> Tensor {
    get {
      TensorPart(of: shape, indices).taken(
        from: self, as: indices.last is Int ? "SelectBackward0" : "SliceBackward0")
    }
    set { TensorPart(of: shape, indices).assign(newValue, to: self) }
  }

  /// Parts of `size` elements of a dimension, one after the other; the last may be smaller. Of nothing there is one.
  public func split(_ size: Int, along dimension: Int = 0) -> [Tensor] {
    let dimension = Shape.normalize(dimension, rank: rank)
    precondition(rank > 0 && size > 0, "split into parts of \(size) of a tensor of shape \(shape)")
    return stride(from: 0, to: max(shape[dimension], 1), by: size).map { sliced($0..<$0 + size, along: dimension) }
  }
}

/// What can stand for a dimension in a tensor's subscript: an index or a range.
public protocol TensorIndex {
  /// Restricts `part` along a dimension.
  func keepPart(of dimension: Int, in part: inout TensorPart)
}

extension Int: TensorIndex {
  /// Keeps the elements at this index, from the end if it is negative, and leaves the dimension out.
  public func keepPart(of dimension: Int, in part: inout TensorPart) { part.keep(only: self, of: dimension) }
}

extension TensorIndex where Self: RangeExpression<Int> {
  /// Keeps the elements at the indices in this range.
  public func keepPart(of dimension: Int, in part: inout TensorPart) {
    part.keep(relative(to: 0..<Int.max), of: dimension)
  }
}

extension Range<Int>: TensorIndex {}
extension ClosedRange<Int>: TensorIndex {}
extension PartialRangeFrom<Int>: TensorIndex {}
extension PartialRangeUpTo<Int>: TensorIndex {}
extension PartialRangeThrough<Int>: TensorIndex {}

/// A rectangular part of a tensor, which may skip elements at regular steps.
public struct TensorPart {
  /// The shape of the whole tensor.
  public let shape: [Int]
  private var offset = 0
  private var strides: [Int]
  private var sizes: [Int]
  private var isLeftOut: [Bool]

  init(of shape: [Int]) {
    self.shape = shape
    strides = Shape.strides(shape)
    sizes = shape
    isLeftOut = shape.map { _ in false }
  }

  /// The part of a tensor of the given shape that an index or a range for each of the first dimensions names.
  init(of shape: [Int], _ indices: [any TensorIndex]) {
    precondition(indices.count <= shape.count, "\(indices.count) indices given for a tensor of shape \(shape)")
    self.init(of: shape)
    for (dimension, index) in indices.enumerated() { index.keepPart(of: dimension, in: &self) }
  }

  mutating func keep(_ range: Range<Int>, of dimension: Int, step: Int = 1) {
    precondition(
      range.lowerBound >= 0 && step > 0,
      "slice \(range) in steps of \(step) of dimension \(dimension) of shape \(shape)")
    let range = range.clamped(to: 0..<shape[dimension])
    offset += range.lowerBound * strides[dimension]
    sizes[dimension] = range.isEmpty ? 0 : (range.count - 1) / step + 1
    strides[dimension] *= min(step, max(range.count, 1))
  }

  mutating func keep(only index: Int, of dimension: Int) {
    let size = shape[dimension]
    precondition(
      index >= -size && index < size, "index \(index) is out of range for dimension \(dimension) of shape \(shape)")
    offset += (index < 0 ? index + size : index) * strides[dimension]
    sizes[dimension] = 1
    isLeftOut[dimension] = true
  }

  /// This part of `x`, in its memory if the part is contiguous.
  func taken(from x: Tensor, as name: StaticString) -> Tensor {
    read(x).recorded(as: name, from: [x]) { gradient, inputs in
      guard !isGradEnabled else { return inputs.add(0, padded(gradient, as: name)) }
      // The gradients of many parts of one tensor are added up in one array.
      inputs.write(0, shape: shape, dtype: gradient.dtype, device: gradient.device) { whole, adding in
        if adding {
          let sum = read(whole)
          sum.accumulate(gradient)
          if !isContiguous { place(sum, into: whole) }
        } else {
          whole.backend.fill(whole, with: 0)
          place(gradient, into: whole)
        }
      }
    }
  }

  /// The shape of this part.
  var shapeOfPart: [Int] { sizes.indices.filter { !isLeftOut[$0] }.map { sizes[$0] } }

  /// This part without a graph.
  private func read(_ x: Tensor) -> Tensor {
    if isContiguous { return x.part(at: offset, shape: shapeOfPart) }
    let part = Tensor(uninitialized: shapeOfPart, dtype: x.dtype, device: x.device)
    x.backend.copy(x, offset: offset, strides: keptStrides, into: part)
    part.storage.isCopyOfPart = true
    return part
  }

  /// Zeros of the shape of the whole, with `values` in this part: the transpose of ``taken(from:as:)``.
  private func padded(_ values: Tensor, as name: StaticString) -> Tensor {
    let whole = Tensor.zeros(shape, dtype: values.dtype, device: values.device)
    place(values, into: whole)
    return whole.recorded(as: "SliceBackwardBackward0", from: [values]) { gradient, inputs in
      inputs.add(0, taken(from: gradient, as: name))
    }
  }

  /// Writes `values` to this part of `whole`.
  func place(_ values: Tensor, into whole: Tensor) {
    values.backend.place(values, into: whole, offset: offset, strides: keptStrides)
  }

  private var keptStrides: [Int] { strides.indices.filter { !isLeftOut[$0] }.map { strides[$0] } }

  private var isContiguous: Bool {
    let dense = Shape.strides(sizes)
    return sizes.contains(0) || sizes.indices.allSatisfy { sizes[$0] == 1 || strides[$0] == dense[$0] }
  }
}
