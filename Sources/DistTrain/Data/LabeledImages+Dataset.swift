import Autograd

extension LabeledImages: Dataset {
  /// The images with the given numbers as `float32` [n, height, width], pixels from 0 to 1, and their labels; images of
  /// several channels as [n, channels, height, width].
  ///
  /// Pixels are gathered and converted in one pass; each is divided by 255 in single precision.
  public func batch(_ indices: [Int]) -> Batch {
    for index in indices { precondition(labels.indices.contains(index), "image \(index) of \(count)") }
    let images = Tensor(shape: [indices.count] + batchedShape, of: Float.self) { values in
      pixels.withUnsafeBytes { gatherFractionsOf255(indices, of: $0, length: imageSize, into: values) }
    }
    return Batch(inputs: images, targets: Tensor(indices.map { Int64(labels[$0]) }, shape: [indices.count]))
  }

  /// The pixels and the labels, a byte each.
  public var columns: [SampleColumn]? {
    let labels = AlignedBytes(count: count) { $0.copyBytes(from: self.labels) }
    return [
      SampleColumn(pixels, dtype: .uint8, shape: batchedShape, conversion: .fractionsOf255),
      SampleColumn(labels, dtype: .uint8, shape: [], conversion: .wholeNumbers),
    ]
  }

  /// That of an image in a batch.
  private var batchedShape: [Int] { channels == 1 ? [height, width] : imageShape }
}
