/// The cosine of the angle between vectors, as `torch.nn.functional.cosine_similarity`:
///
///     x · y / (max(‖x‖, ε) · max(‖y‖, ε))
///
/// - Parameters:
///   - x: Vectors along `dimension`.
///   - y: The same; shapes are broadcast.
///   - dimension: Of the vectors, in the broadcast shape; it is left out in the result.
///   - epsilon: ε, which keeps vectors of length 0 from a division by it; they give 0.
public func cosineSimilarity(_ x: Tensor, _ y: Tensor, along dimension: Int = 1, epsilon: Double = 1e-8) -> Tensor {
  let shape = Shape.broadcast(x.shape, y.shape)
  precondition(
    !shape.isEmpty && x.dtype.isFloatingPoint && y.dtype.isFloatingPoint,
    "cosineSimilarity of \(x.shape) in \(x.dtype) and \(y.shape) in \(y.dtype): needs vectors of real numbers")
  let dimension = Shape.normalize(dimension, rank: shape.count)
  func normalized(_ tensor: Tensor) -> Tensor {
    // A tensor of fewer dimensions may have none of the vectors'.
    let leading = Array(repeating: 1, count: shape.count - tensor.rank)
    var full = leading + tensor.shape
    full[dimension] = shape[dimension]
    let vectors = tensor.expanded(to: full)
    return vectors / vectors.norm([dimension], keepingDimensions: true).clamped(min: epsilon)
  }
  return (normalized(x) * normalized(y)).sum([dimension])
}
