/// Images of one size, each with the number of its class, as bytes in memory.
public struct LabeledImages: Sendable {
  /// The pixels, image after image, channel after channel, row after row: `count · channels · height · width` bytes, 0
  /// is black.
  public let pixels: AlignedBytes
  /// The class of each image, from 0 to `classCount - 1`.
  public let labels: [UInt8]
  /// Planes of an image: 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// Rows of an image.
  public let height: Int
  /// Columns of an image.
  public let width: Int
  /// How many classes there are.
  public let classCount: Int

  /// The number of images.
  public var count: Int { labels.count }

  /// The size of an image, [channels, height, width].
  public var imageShape: [Int] { [channels, height, width] }

  /// Bytes an image.
  public var imageSize: Int { channels * height * width }

  /// Images that are already in memory.
  public init(pixels: AlignedBytes, labels: [UInt8], channels: Int = 1, height: Int, width: Int, classCount: Int) {
    precondition(
      pixels.count == labels.count * channels * height * width,
      "\(pixels.count) bytes of pixels for \(labels.count) images of \(channels)×\(height)×\(width)")
    self.pixels = pixels
    self.labels = labels
    self.channels = channels
    self.height = height
    self.width = width
    self.classCount = classCount
  }
}
