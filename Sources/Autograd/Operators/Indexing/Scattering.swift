extension Tensor {
  /// This tensor with every element of `values` added at the place it has among them, but its index's value along
  /// `dimension`, as `torch.scatter_add`: the opposite of ``gathered(_:along:)``. Both are of real numbers.
  ///
  /// - Parameters:
  ///   - values: Of as many dimensions as `indices` and along none smaller; elements beyond them are left out. Of this
  ///     tensor's type.
  ///   - indices: `int64`, of as many dimensions as this tensor and no larger along any but `dimension`, each from 0 to
  ///     the size of the dimension − 1; anything else traps.
  ///   - dimension: The dimension that the indices are of.
  public func scatterAdded(_ values: Tensor, at indices: Tensor, along dimension: Int) -> Tensor {
    requireFloatingPoint(for: "scatterAdded")
    let target = ScatterTarget(self, indices, along: dimension, operation: "scatterAdded")
    requireSameDevice(values, for: "scatterAdded")
    return self + target.whole(target.places(indices).scatter(target.covered(values)))
  }

  /// This tensor with the slices of `values` along a dimension added to its own at `indices`, as `torch.index_add`: the
  /// opposite of ``selected(_:along:)``, as for the sums over a node's neighbors in a graph. Both are of real numbers.
  ///
  /// - Parameters:
  ///   - values: Of this tensor's type and shape, but for `dimension`, which has size n.
  ///   - indices: [n], `int64`, each from 0 to the size of the dimension − 1; anything else traps. Slices for one place are
  ///     added up.
  ///   - dimension: The dimension that the indices are of.
  public func slicesAdded(_ values: Tensor, at indices: Tensor, along dimension: Int) -> Tensor {
    requireFloatingPoint(for: "slicesAdded")
    let dimension = Shape.normalize(dimension, rank: rank)
    var expected = shape
    if rank > 0 { expected[dimension] = indices.count }
    precondition(
      rank > 0 && indices.rank == 1 && values.shape == expected && values.dtype == dtype,
      "slicesAdded along dimension \(dimension) of shape \(shape) at indices of shape \(indices.shape): values of shape "
        + "\(values.shape) in \(values.dtype), expected \(expected) in \(dtype)")
    requireSameDevice(values, for: "slicesAdded")
    requireSameDevice(indices, for: "slicesAdded")
    let places = IndexedPlaces(
      indices, isShared: true, along: dimension, of: shape, size: indices.count, operation: "slicesAdded")
    return self + places.scatter(values)
  }

  /// This tensor with every element of `values` at the place it has among them, but its index's value along `dimension`,
  /// as `torch.scatter`. Of several values for one place the last along `dimension` stays, and it alone gets a gradient.
  ///
  /// Both are of real numbers. On a GPU, and where a place is named twice, the indices are sorted for this. The parameters
  /// are those of ``scatterAdded(_:at:along:)``.
  public func scattered(_ values: Tensor, at indices: Tensor, along dimension: Int) -> Tensor {
    requireFloatingPoint(for: "scattered")
    let target = ScatterTarget(self, indices, along: dimension, operation: "scattered")
    requireSameDevice(values, for: "scattered")
    let values = target.covered(values), counts = target.counts(of: indices)
    // A GPU is not asked whether a place is named twice, which would be a wait.
    let areDifferent = indices.count == 0 || device == .cpu && counts.maximum().item() <= 1
    let (places, kept) = areDifferent ? (indices, values) : values.lastOfEach(indices, along: target.dimension)
    return .select(counts .> 0, target.whole(target.places(places).scatter(kept)), self)
  }

  /// Indices in order along a dimension, and these values in that order, with 0 for all but the last of those with equal
  /// indices.
  private func lastOfEach(_ indices: Tensor, along dimension: Int) -> (indices: Tensor, values: Tensor) {
    // Equal indices keep their order, and the last of them is before another.
    let (ordered, origins) = indices.sorted(along: dimension)
    let size = ordered.shape[dimension]
    let isReplaced = ordered.sliced(0..<size - 1, along: dimension)
      .equal(to: ordered.sliced(1..<size, along: dimension))
    let last = Tensor.zerosLike(ordered.sliced(0..<1, along: dimension)).cast(to: .bool)
    let isLost = Tensor.concatenated([isReplaced, last], dimension: dimension)
    return (ordered, gathered(origins, along: dimension).filled(with: 0, where: isLost))
  }

  /// This tensor, of any type, with `value` at the places that `indices` name, as `torch.scatter` with a number.
  ///
  /// The parameters are those of ``scatterAdded(_:at:along:)``.
  public func scattered(_ value: Double, at indices: Tensor, along dimension: Int) -> Tensor {
    let target = ScatterTarget(self, indices, along: dimension, operation: "scattered")
    return filled(with: value, where: target.counts(of: indices) .> 0)
  }
}

/// Where values are scattered to: the part of a tensor that indices of a shape reach.
struct ScatterTarget {
  let dimension: Int
  private let shape: [Int]
  private let dtype: DataType
  private let part: [Int]
  private let reach: [Int]
  private let operation: StaticString

  init(_ tensor: Tensor, _ indices: Tensor, along dimension: Int, operation: StaticString) {
    let dimension = Shape.normalize(dimension, rank: tensor.rank)
    let fits =
      tensor.rank > 0 && indices.rank == tensor.rank
      && tensor.shape.indices.allSatisfy { $0 == dimension || indices.shape[$0] <= tensor.shape[$0] }
    precondition(
      fits,
      "\(operation) along dimension \(dimension) of shape \(tensor.shape) with indices of shape \(indices.shape)")
    tensor.requireSameDevice(indices, for: "scattered by indices")
    self.dimension = dimension
    self.operation = operation
    shape = tensor.shape
    dtype = tensor.dtype
    var part = indices.shape
    part[dimension] = shape[dimension]
    self.part = part
    reach = indices.shape
  }

  /// Indices of the shape that was given, which are checked.
  func places(_ indices: Tensor) -> IndexedPlaces {
    IndexedPlaces(
      indices, isShared: false, along: dimension, of: part, size: reach[dimension], operation: operation)
  }

  /// The values for which there are indices.
  func covered(_ values: Tensor) -> Tensor {
    precondition(
      values.rank == reach.count && zip(values.shape, reach).allSatisfy { $0 >= $1 } && values.dtype == dtype,
      "\(operation): values of shape \(values.shape) in \(values.dtype), expected at least \(reach) in \(dtype)")
    return reach.indices.reduce(values) { values, i in
      values.shape[i] == reach[i] ? values : values.sliced(0..<reach[i], along: i)
    }
  }

  /// Values of the part that is reached, with zeros around them.
  func whole(_ reached: Tensor) -> Tensor {
    part == shape ? reached : reached.padded(zip(shape, part).map { (0, $0 - $1) })
  }

  /// How many indices name each place of the tensor.
  func counts(of indices: Tensor) -> Tensor {
    whole(places(indices).scatter(.ones(indices.shape, device: indices.device)))
  }
}
