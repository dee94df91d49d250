import Autograd

/// Inputs and targets of some samples.
public struct Batch {
  /// [n, …].
  public let inputs: Tensor
  /// [n], `int64` class labels.
  public let targets: Tensor

  /// A batch of as many inputs as targets.
  public init(inputs: Tensor, targets: Tensor) {
    precondition(
      inputs.shape.first == targets.count, "a batch of inputs \(inputs.shape) with targets \(targets.shape)")
    self.inputs = inputs
    self.targets = targets
  }

  /// The number of samples.
  public var count: Int { targets.count }
}

/// Samples that can be picked by number: conform to it to train on a data set of one's own.
public protocol Samples {
  /// The number of samples.
  var count: Int { get }
  /// The samples with the given numbers, in that order; there may be none.
  func batch(_ indices: [Int]) -> Batch
}

/// Samples held in two tensors, the first dimension of which numbers them.
public struct TensorSamples: Samples {
  private let inputs: [Float]
  private let targets: [Int64]
  private let shape: [Int]

  /// Samples of `inputs` [N, …] (`float32`) and `targets` [N] (`int64`).
  public init(inputs: Tensor, targets: Tensor) {
    precondition(
      inputs.rank > 0 && targets.shape == [inputs.shape[0]],
      "samples of inputs \(inputs.shape) with targets \(targets.shape)")
    self.inputs = inputs.array()
    self.targets = targets.array()
    shape = Array(inputs.shape.dropFirst())
  }

  /// The number of samples.
  public var count: Int { targets.count }

  /// The rows with the given numbers.
  public func batch(_ indices: [Int]) -> Batch {
    let size = shape.reduce(1, *)
    let rows = Tensor(shape: [indices.count] + shape, of: Float.self) { buffer in
      inputs.withUnsafeBufferPointer { source in
        for (i, index) in indices.enumerated() {
          precondition(targets.indices.contains(index), "sample \(index) of \(count)")
          for j in 0..<size { buffer[i * size + j] = source[index * size + j] }
        }
      }
    }
    return Batch(inputs: rows, targets: Tensor(indices.map { targets[$0] }, shape: [indices.count]))
  }
}

extension LabeledImages: Samples {
  /// The images with the given numbers as `float32` [n, height, width], pixels from 0 to 1, and their labels; images of
  /// several channels as [n, channels, height, width].
  ///
  /// Pixels are gathered and converted in one pass; each is divided by 255 in single precision.
  public func batch(_ indices: [Int]) -> Batch {
    let size = imageSize
    let planes = channels == 1 ? [] : [channels]
    let images = Tensor(shape: [indices.count] + planes + [height, width], of: Float.self) { buffer in
      pixels.withUnsafeBytes { bytes in
        for (i, index) in indices.enumerated() {
          precondition(labels.indices.contains(index), "image \(index) of \(count)")
          let image = UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size])
          let out = UnsafeMutableBufferPointer(rebasing: buffer[i * size..<(i + 1) * size])
          for pixel in 0..<size { out[pixel] = Float(image[pixel]) / 255 }
        }
      }
    }
    return Batch(inputs: images, targets: Tensor(indices.map { Int64(labels[$0]) }, shape: [indices.count]))
  }
}
