import Autograd

/// Samples held in tensors whose first dimension numbers them, as `torch.utils.data.TensorDataset`.
///
///     let data = TensorDataset(images, labels)
///     data.count   // the size of the first dimension
///     data[0]      // the first image and its label
public struct TensorDataset: Dataset {
  /// The rows of one tensor. They are a copy, so that any thread can read them.
  private struct Column {
    let shape: [Int]
    let dtype: DataType
    let rowByteCount: Int
    let bytes: AlignedBytes

    init(_ tensor: Tensor) {
      shape = Array(tensor.shape.dropFirst())
      dtype = tensor.dtype
      rowByteCount = shape.reduce(dtype.byteCount, *)
      bytes = tensor.withBytes { source in AlignedBytes(count: source.count) { $0.copyMemory(from: source) } }
    }

    func rows(_ indices: some Collection<Int>, shape: [Int]) -> Tensor {
      Tensor(shape: shape, dtype: dtype) { target in
        bytes.withUnsafeBytes { source in
          var offset = 0
          for index in indices {
            UnsafeMutableRawBufferPointer(rebasing: target[offset..<offset + rowByteCount])
              .copyMemory(
                from: UnsafeRawBufferPointer(rebasing: source[index * rowByteCount..<(index + 1) * rowByteCount]))
            offset += rowByteCount
          }
        }
      }
    }
  }

  /// The number of samples.
  public let count: Int
  private let columns: [Column]

  /// Samples of one or more tensors, [N, …] each and of any type. Their elements are copied.
  public init(_ tensors: Tensor...) { self.init(tensors) }

  /// Samples of one or more tensors, [N, …] each and of any type. Their elements are copied.
  public init(_ tensors: [Tensor]) {
    let shapes = tensors.map(\.shape)
    precondition(
      Set(shapes.map(\.first)).count == 1 && shapes[0].first != nil,
      "a data set needs tensors with as many rows each, not of shapes \(shapes)")
    count = shapes[0][0]
    columns = tensors.map(Column.init)
  }

  /// One sample: of each tensor the row with this number, without the first dimension.
  public subscript(index: Int) -> [Tensor] {
    check(index)
    return columns.map { $0.rows(CollectionOfOne(index), shape: $0.shape) }
  }

  /// Of each tensor the rows with the given numbers.
  public func batch(_ indices: [Int]) -> Batch {
    for index in indices { check(index) }
    return Batch(columns.map { $0.rows(indices, shape: [indices.count] + $0.shape) })
  }

  private func check(_ index: Int) { precondition((0..<count).contains(index), "sample \(index) of \(count)") }
}
