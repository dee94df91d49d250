extension Tensor {
  /// Copies of the tensor side by side, as `torch.tile` and `torch.Tensor.repeat`.
  ///
  ///     x.tiled([2, 1])   // one copy below the other
  ///
  /// - Parameter counts: The number of copies along each of the last dimensions, from 0 on; more of them than there are
  ///   dimensions add new ones in front.
  public func tiled(_ counts: [Int]) -> Tensor {
    precondition(counts.allSatisfy { $0 >= 0 }, "tiled \(counts) times of shape \(shape): needs counts from 0 on")
    let dimensions = max(counts.count, rank)
    let sizes = Array(repeating: 1, count: dimensions - rank) + shape
    let copies = Array(repeating: 1, count: dimensions - counts.count) + counts
    return reshaped(sizes.flatMap { [1, $0] }).expanded(to: zip(copies, sizes).flatMap { [$0, $1] })
      .reshaped(zip(copies, sizes).map { $0 * $1 }).inMemoryApart(from: self)
  }

  /// Every element along a dimension several times in a row, as `torch.repeat_interleave`.
  ///
  /// - Parameters:
  ///   - count: How often, from 0 on.
  ///   - dimension: Its size is `count` times as large in the result.
  public func elementsRepeated(_ count: Int, along dimension: Int) -> Tensor {
    precondition(count >= 0, "elementsRepeated \(count) times of shape \(shape): needs a count from 0 on")
    precondition(rank > 0, "elementsRepeated needs a tensor with dimensions")
    let dimension = Shape.normalize(dimension, rank: rank)
    var copies = shape
    copies.insert(count, at: dimension + 1)
    return unsqueezed(dimension + 1).expanded(to: copies).flattened(from: dimension, through: dimension + 1)
      .inMemoryApart(from: self)
  }

  /// This tensor, or a copy where it shares the memory of `other`, which a change in place would change with it.
  func inMemoryApart(from other: Tensor) -> Tensor { storage === other.storage ? cloned() : self }
}
