extension Tensor {
  /// The slices of this tensor at `indices` of a dimension, in that order and as often as they are named, as
  /// `torch.index_select`.
  ///
  /// - Parameters:
  ///   - indices: [n], `int64`, each from 0 to the size of the dimension − 1; anything else traps.
  ///   - dimension: The dimension that the indices are of; it has size n in the result.
  public func selected(_ indices: Tensor, along dimension: Int) -> Tensor {
    precondition(rank > 0, "selected needs a tensor with dimensions")
    precondition(indices.rank == 1, "selected needs indices of shape [n], not \(indices.shape)")
    let dimension = Shape.normalize(dimension, rank: rank)
    let places = IndexedPlaces(
      indices, isShared: true, along: dimension, of: shape, size: indices.count, operation: "selected")
    return places.gather(from: self, as: "IndexSelectBackward0")
  }

  /// For every element of `indices` the element of this tensor that has its place, but the index's value along
  /// `dimension`, as `torch.gather`.
  ///
  /// - Parameters:
  ///   - indices: `int64`, of as many dimensions as this tensor and no larger along any but `dimension`.
  ///   - dimension: The dimension that the indices are of.
  /// - Returns: A tensor of the shape of `indices`.
  public func gathered(_ indices: Tensor, along dimension: Int) -> Tensor {
    let dimension = Shape.normalize(dimension, rank: rank)
    let fits =
      rank > 0 && indices.rank == rank
      && shape.indices.allSatisfy { $0 == dimension || indices.shape[$0] <= shape[$0] }
    precondition(
      fits, "gathered along dimension \(dimension) of shape \(shape) with indices of shape \(indices.shape)")
    var covered = self
    for i in shape.indices where i != dimension && indices.shape[i] < shape[i] {
      covered = covered.sliced(0..<indices.shape[i], along: i)
    }
    let places = IndexedPlaces(
      indices, isShared: false, along: dimension, of: covered.shape, size: indices.shape[dimension],
      operation: "gathered")
    return places.gather(from: covered, as: "GatherBackward0")
  }

  /// The rows of this table at `indices`, as `torch.nn.functional.embedding`.
  ///
  /// - Parameters:
  ///   - indices: `int64`, of any shape, each from 0 to the number of rows − 1; anything else traps.
  ///   - paddingIndex: A row that gets no gradient.
  /// - Returns: The shape of `indices`, then [d], for this tensor's [n, d].
  public func embedding(_ indices: Tensor, paddingIndex: Int? = nil) -> Tensor {
    precondition(rank == 2, "embedding needs a table of shape [n, d], not \(shape)")
    precondition(
      paddingIndex.map { (0..<shape[0]).contains($0) } ?? true,
      "embedding with a padding index of \(paddingIndex ?? 0), which is no row of the table of shape \(shape)")
    let table = shape
    let places = IndexedPlaces(
      indices, isShared: true, along: 0, of: table, size: indices.count, operation: "embedding")
    requireSameDevice(indices, for: "embedding")
    let result = Tensor(uninitialized: indices.shape + [table[1]], dtype: dtype, device: device)
    backend.gather(self, at: indices, places.extents, into: result)
    return result.recorded(as: "EmbeddingBackward0", from: [self], saving: [indices]) { gradient, inputs in
      var rows = gradient.reshaped([indices.count, table[1]])
      if let paddingIndex {
        rows = rows.filled(with: 0, where: indices.reshaped([indices.count, 1]) .== Double(paddingIndex))
      }
      if isGradEnabled { return inputs.add(0, places.scatter(rows)) }
      inputs.write(0, shape: table, dtype: gradient.dtype, device: gradient.device) { destination, adding in
        if !adding { destination.backend.fill(destination, with: 0) }
        destination.backend.scatterAdd(rows, at: indices, places.extents, into: destination)
      }
    }
  }
}

extension Tensor {
  /// 1 at the place that each of these numbers names and 0 elsewhere, as `torch.nn.functional.one_hot`.
  ///
  /// - Parameter classes: The number of places, more than any of this tensor's `int64` elements, which are from 0 on;
  ///   anything else traps on the CPU, and on other devices has zeros alone.
  /// - Returns: `int64`, of this tensor's shape and one dimension more, of `classes`.
  public func oneHot(_ classes: Int) -> Tensor {
    precondition(dtype == .int64, "oneHot needs classes of int64, not \(dtype)")
    precondition(classes >= 0, "oneHot of \(classes) classes")
    if device == .cpu {
      withElements(of: Int64.self) { elements in
        for element in elements {
          precondition(element >= 0 && element < classes, "oneHot: \(element) is none of \(classes) classes")
        }
      }
    }
    return (unsqueezed(rank) .== .arange(classes, device: device)).cast(to: .int64)
  }

  /// The elements on and below a diagonal of each matrix, and zeros above it, as `torch.tril`.
  ///
  /// - Parameter diagonal: Which one: 0 for the main one, positive above it.
  public func lowerTriangle(_ diagonal: Int = 0) -> Tensor {
    filled(with: 0, where: diagonals() .> Double(diagonal))
  }

  /// The elements on and above a diagonal of each matrix, and zeros below it, as `torch.triu`.
  ///
  /// - Parameter diagonal: Which one: 0 for the main one, positive above it.
  public func upperTriangle(_ diagonal: Int = 0) -> Tensor {
    filled(with: 0, where: diagonals() .< Double(diagonal))
  }

  /// The number of the diagonal that each element of this tensor's matrices is on.
  private func diagonals() -> Tensor {
    precondition(rank >= 2, "a triangle of shape \(shape), which has no matrices")
    let rows = Tensor.arange(shape[rank - 2], device: device).unsqueezed(1)
    return .arange(shape[rank - 1], device: device) - rows
  }
}

/// Where indices along one dimension point. Gathering from there and scattering to there are each other's gradients.
struct IndexedPlaces {
  let indices: Tensor
  let extents: IndexedExtents
  private let source: [Int]
  private let result: [Int]

  /// Indices along `dimension` of tensors of shape `source`, of which the result has `size`.
  ///
  /// - Parameter isShared: Whether the indices are a list for the whole dimension, or one for each element.
  init(
    _ indices: Tensor, isShared: Bool, along dimension: Int, of source: [Int], size: Int, operation: StaticString
  ) {
    precondition(indices.dtype == .int64, "\(operation) needs indices of int64, not \(indices.dtype)")
    let limit = source[dimension]
    // On another device they would have to be waited for; there they are checked where they are used.
    if indices.device == .cpu {
      indices.withElements(of: Int64.self) { elements in
        guard let index = Self.firstIndex(notBelow: limit, in: elements) else { return }
        preconditionFailure(
          "\(operation): index \(index) is out of range for dimension \(dimension) of shape \(source)")
      }
    }
    self.init(indices, isShared: isShared, along: dimension, of: source, size: size)
  }

  /// The same for indices that are known to be in range.
  init(_ indices: Tensor, isShared: Bool = false, along dimension: Int, of source: [Int], size: Int) {
    self.indices = indices
    self.source = source
    var result = source
    result[dimension] = size
    self.result = result
    extents = IndexedExtents(
      outer: source[..<dimension].reduce(1, *), size: source[dimension], picks: size,
      inner: source[(dimension + 1)...].reduce(1, *), isShared: isShared)
  }

  /// The elements of `x` at these places.
  func gather(from x: Tensor, as name: StaticString) -> Tensor {
    x.requireSameDevice(indices, for: "selected by indices")
    let gathered = Tensor(uninitialized: result, dtype: x.dtype, device: x.device)
    x.backend.gather(x, at: indices, extents, into: gathered)
    return gathered.recorded(as: name, from: [x], saving: [indices]) { gradient, inputs in
      inputs.add(0, scatter(gradient))
    }
  }

  /// Zeros, with `values` added at these places.
  func scatter(_ values: Tensor) -> Tensor {
    let scattered = Tensor.zeros(source, dtype: values.dtype, device: values.device)
    values.backend.scatterAdd(values, at: indices, extents, into: scattered)
    return scattered.recorded(as: "ScatterAddBackward0", from: [values], saving: [indices]) { gradient, inputs in
      inputs.add(0, gather(from: gradient, as: "GatherBackward0"))
    }
  }
}
