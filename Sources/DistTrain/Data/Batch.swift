import Autograd

/// Some samples of a data set: tensors with one row for each sample.
public struct Batch {
  /// What the samples consist of, each [n, …]; for supervised learning inputs and targets.
  public let tensors: [Tensor]
  /// The number of samples.
  public let count: Int

  /// A batch of at least one tensor, all with the same number of rows.
  public init(_ tensors: [Tensor]) {
    let shapes = tensors.map(\.shape)
    precondition(
      Set(shapes.map(\.first)).count == 1 && shapes[0].first != nil,
      "a batch needs tensors with as many rows each, not of shapes \(shapes)")
    self.tensors = tensors
    count = shapes[0][0]
  }

  /// A batch of inputs [n, …] and as many targets: class labels [n] of `int64`, or values [n, …] to approximate.
  public init(inputs: Tensor, targets: Tensor) { self.init([inputs, targets]) }

  /// One of the tensors, [n, …].
  public subscript(index: Int) -> Tensor {
    precondition(tensors.indices.contains(index), "tensor \(index) of a batch of \(tensors.count)")
    return tensors[index]
  }

  /// The first tensor, [n, …].
  public var inputs: Tensor { self[0] }

  /// The second tensor, [n, …].
  public var targets: Tensor { self[1] }
}
