import Autograd

/// Some samples of a data set: tensors with one row for each sample.
public struct Batch {
  /// The number of samples.
  public let count: Int
  /// What the batch is kept as: its tensors or, where a GPU gathers them, the numbers of the samples, `int64` [n].
  let contents: [Tensor]
  /// Where a GPU gathers the tensors from.
  let samples: ResidentSamples?

  /// A batch of at least one tensor, all with the same number of rows.
  public init(_ tensors: [Tensor]) {
    let shapes = tensors.map(\.shape)
    precondition(
      Set(shapes.map(\.first)).count == 1 && shapes[0].first != nil,
      "a batch needs tensors with as many rows each, not of shapes \(shapes)")
    contents = tensors
    count = shapes[0][0]
    samples = nil
  }

  /// The samples with the given numbers, `int64` [n], of those that are on a GPU.
  package init(_ indices: Tensor, of samples: ResidentSamples) {
    contents = [indices]
    count = indices.count
    self.samples = samples
  }

  /// The same kind of batch with other contents.
  func with(contents: [Tensor]) -> Batch {
    guard let samples else { return Batch(contents) }
    return Batch(contents[0], of: samples)
  }

  /// The batch on a device.
  func to(_ device: Device) -> Batch { with(contents: contents.map { $0.to(device) }) }

  /// What the samples consist of, each [n, …]; for supervised learning inputs and targets.
  public var tensors: [Tensor] { (0..<tensorCount).map { self[$0] } }

  private var tensorCount: Int { samples?.columnCount ?? contents.count }

  /// A batch of inputs [n, …] and as many targets: class labels [n] of `int64`, or values [n, …] to approximate.
  public init(inputs: Tensor, targets: Tensor) { self.init([inputs, targets]) }

  /// One of the tensors, [n, …].
  public subscript(index: Int) -> Tensor {
    precondition((0..<tensorCount).contains(index), "tensor \(index) of a batch of \(tensorCount)")
    return samples?.column(index, of: contents[0]) ?? contents[index]
  }

  /// The first tensor, [n, …].
  public var inputs: Tensor { self[0] }

  /// The second tensor, [n, …]; where there is none the first, which an autoencoder approximates.
  public var targets: Tensor { self[min(1, tensorCount - 1)] }

  /// The inputs in a model's type of number, but for `int64`, as of tokens, which models take as it is.
  func inputs(as dtype: DataType) -> Tensor {
    // A GPU gathers them each time.
    let inputs = inputs
    return inputs.dtype == .int64 ? inputs : inputs.cast(to: dtype)
  }
}
