import Autograd

/// Images that are shifted and flipped at random, anew in every epoch, while a model learns from them: what
/// `torchvision.transforms.RandomCrop(size, padding: shift)` and `RandomHorizontalFlip()` do, in one pass over the bytes.
///
/// What an image becomes follows from the loader's seed, the epoch and the image's number, as with ``AugmentedDataset``.
public struct AugmentedImages: Dataset {
  /// The images.
  public let images: LabeledImages
  /// The most pixels that an image moves up, down, left or right; what comes in is black.
  public let shift: Int
  /// Whether images are mirrored from left to right, each with probability one half.
  public let flips: Bool

  /// Images that are moved by up to `shift` pixels, less than a row or column has.
  public init(_ images: LabeledImages, shift: Int, flips: Bool) {
    precondition(
      shift >= 0 && shift < min(images.height, images.width),
      "images of \(images.height)×\(images.width) shifted by up to \(shift) pixels")
    self.images = images
    self.shift = shift
    self.flips = flips
  }

  /// The number of images.
  public var count: Int { images.count }

  /// The images with the given numbers as they are, which is what a model is evaluated on.
  public func batch(_ indices: [Int]) -> Batch { images.batch(indices) }

  /// The images with the given numbers as they are changed in an epoch.
  public func batch(_ indices: [Int], epochSeed: UInt64) -> Batch {
    let changed = AlignedBytes(count: indices.count * images.imageSize) { bytes in
      let generator = RandomGenerator(seed: 0)
      images.pixels.withUnsafeBytes { source in
        for (position, index) in indices.enumerated() {
          generator.seed(SplitMix64.mixed(epochSeed, UInt64(index)))
          let size = images.imageSize
          write(
            UnsafeRawBufferPointer(rebasing: source[index * size..<(index + 1) * size]), drawingFrom: generator,
            to: UnsafeMutableRawBufferPointer(rebasing: bytes[position * size..<(position + 1) * size]))
        }
      }
    }
    return LabeledImages(
      pixels: changed, labels: indices.map { images.labels[$0] }, channels: images.channels, height: images.height,
      width: images.width, classCount: images.classCount
    ).batch(Array(indices.indices))
  }

  /// Writes one image where a draw moves it.
  private func write(
    _ source: UnsafeRawBufferPointer, drawingFrom generator: RandomGenerator, to result: UnsafeMutableRawBufferPointer
  ) {
    let (down, right) = (offset(drawingFrom: generator), offset(drawingFrom: generator))
    let isFlipped = flips && generator.random32() & 1 == 1
    result.initializeMemory(as: UInt8.self, repeating: 0)
    let (height, width) = (images.height, images.width)
    let columns = max(0, right)..<min(width, width + right)
    for channel in 0..<images.channels {
      for row in max(0, down)..<min(height, height + down) {
        let from = UnsafeRawBufferPointer(
          rebasing: source[((channel * height + row - down) * width + columns.lowerBound - right)...].prefix(
            columns.count))
        let start = (channel * height + row) * width
        if isFlipped {
          // The row that the shifted image has there, from its other end.
          for (position, value) in from.enumerated() {
            result[start + width - 1 - columns.lowerBound - position] = value
          }
        } else {
          UnsafeMutableRawBufferPointer(rebasing: result[start + columns.lowerBound..<start + columns.upperBound])
            .copyMemory(from: from)
        }
      }
    }
  }

  /// From -shift to shift, each as likely.
  private func offset(drawingFrom generator: RandomGenerator) -> Int {
    Int(generator.random32() % UInt32(2 * shift + 1)) - shift
  }
}
