import Autograd

/// Samples held in tensors whose first dimension numbers them, as `torch.utils.data.TensorDataset`.
///
///     let data = TensorDataset(images, labels)
///     data.count   // the size of the first dimension
///     data[0]      // the first image and its label
public struct TensorDataset: Dataset {
  /// The number of samples.
  public let count: Int
  private let storage: [SampleColumn]

  /// Samples of one or more tensors, [N, …] each and of any type. Their elements are copied.
  public init(_ tensors: Tensor...) { self.init(tensors) }

  /// Samples of one or more tensors, [N, …] each and of any type. Their elements are copied.
  public init(_ tensors: [Tensor]) {
    let shapes = tensors.map(\.shape)
    precondition(
      Set(shapes.map(\.first)).count == 1 && shapes[0].first != nil,
      "a data set needs tensors with as many rows each, not of shapes \(shapes)")
    count = shapes[0][0]
    storage = tensors.map(SampleColumn.init)
  }

  /// One sample: of each tensor the row with this number, without the first dimension.
  public subscript(index: Int) -> [Tensor] {
    check(index)
    return storage.map { $0.rows(CollectionOfOne(index), shape: $0.shape) }
  }

  /// Of each tensor the rows with the given numbers.
  public func batch(_ indices: [Int]) -> Batch {
    for index in indices { check(index) }
    return Batch(storage.map { $0.rows(indices, shape: [indices.count] + $0.shape) })
  }

  /// The tensors.
  public var columns: [SampleColumn]? { storage }

  private func check(_ index: Int) { precondition((0..<count).contains(index), "sample \(index) of \(count)") }
}

extension SampleColumn {
  /// The rows of a tensor, which are copied, so that any thread can read them.
  fileprivate init(_ tensor: Tensor) {
    let bytes = tensor.withBytes { source in AlignedBytes(count: source.count) { $0.copyMemory(from: source) } }
    self.init(bytes, dtype: tensor.dtype, shape: Array(tensor.shape.dropFirst()))
  }

  fileprivate func rows(_ indices: some Collection<Int>, shape: [Int]) -> Tensor {
    let size = sampleByteCount
    return Tensor(shape: shape, dtype: dtype) { target in
      bytes.withUnsafeBytes { source in
        var offset = 0
        for index in indices {
          UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + size])
            .copyMemory(from: UnsafeRawBufferPointer(rebasing: source[index * size..<(index + 1) * size]))
          offset += size
        }
      }
    }
  }
}
