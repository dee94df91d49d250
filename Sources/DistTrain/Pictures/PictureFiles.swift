import Autograd
import Foundation

/// Pictures that stay in their files: each is read when a batch asks for it, so that neither their number nor their sizes
/// matter.
///
/// A batch is read by several threads at a time. Give the loader `prefetch: n` where reading should go on beside a step.
public struct PictureFiles: Dataset {
  /// The files.
  public let paths: [String]
  /// The class of each.
  public let labels: [Int]
  /// Rows and columns of what batches hold.
  public let size: Int
  /// Pixels of the shorter side before the middle is taken, where a picture is not changed at random.
  public let shorterSide: Int
  /// 1 for grey, 3 for red, green and blue.
  public let channels: Int
  /// How pictures are changed at random, where they are.
  public let changes: PictureChanges?
  /// What becomes of values from 0 to 1.
  public let normalization: PictureNormalization?
  /// How many threads read a batch; nil for as many as the rank computes with.
  public let threadCount: Int?

  /// Pictures of one class each, as ``ClassFolders/pictures(size:shorterSide:channels:changes:normalization:threadCount:)`` finds them.
  public init(
    paths: [String], labels: [Int], size: Int, shorterSide: Int? = nil, channels: Int = 3,
    changes: PictureChanges? = nil, normalization: PictureNormalization? = nil, threadCount: Int? = nil
  ) {
    precondition(paths.count == labels.count, "\(labels.count) labels of \(paths.count) pictures")
    precondition(channels == 1 || channels == 3, "pictures of \(channels) channels, expected 1 or 3")
    precondition(
      normalization.map { $0.mean.count == channels } ?? true,
      "means of \(normalization?.mean.count ?? 0) channels for pictures of \(channels)")
    precondition(threadCount.map { $0 > 0 } ?? true, "pictures read by \(threadCount ?? 0) threads")
    let shorterSide = shorterSide ?? Self.usualShorterSide(of: size)
    precondition(
      size > 0 && shorterSide >= size,
      "the middle \(size)×\(size) pixels of pictures whose shorter side is \(shorterSide)")
    self.paths = paths
    self.labels = labels
    self.size = size
    self.shorterSide = shorterSide
    self.channels = channels
    self.changes = changes
    self.normalization = normalization
    self.threadCount = threadCount
  }

  private static func usualShorterSide(of size: Int) -> Int { (size * 8 + 3) / 7 }

  /// The same pictures, changed at random while a model learns from them.
  func changed(by changes: PictureChanges) -> PictureFiles {
    PictureFiles(
      paths: paths, labels: labels, size: size, shorterSide: shorterSide, channels: channels, changes: changes,
      normalization: normalization, threadCount: threadCount)
  }

  /// The number of pictures.
  public var count: Int { paths.count }

  /// The middle of each picture, its shorter side resized to ``shorterSide`` before, as `float32`
  /// [n, channels, size, size], and their labels, `int64` [n]: what a model is evaluated on.
  /// - Throws: ``FileError`` where a picture cannot be read.
  public func batch(_ indices: [Int]) throws -> Batch {
    try batch(indices) { picture, _, values in
      write(picture.middle(width: size, height: size, ofShorterSide: shorterSide), to: values)
    }
  }

  /// A part of each picture that is another in each epoch, in the same shape. Without ``changes``, as ``batch(_:)``.
  /// - Throws: ``FileError`` where a picture cannot be read.
  public func batch(_ indices: [Int], epochSeed: UInt64) throws -> Batch {
    guard let changes else { return try batch(indices) }
    return try batch(indices) { picture, index, values in
      let generator = RandomGenerator(seed: SplitMix64.mixed(epochSeed, UInt64(index)))
      write(changes.changed(picture, size: size, drawingFrom: generator), to: values)
      changes.erasing?.erase(values, channels: channels, height: size, width: size, drawingFrom: generator)
    }
  }

  /// - Parameter writing: Writes what is seen of a picture, which has a number, to its place in the batch.
  private func batch(
    _ indices: [Int], writing: @Sendable (Picture, Int, UnsafeMutableBufferPointer<Float>) -> Void
  ) throws -> Batch {
    for index in indices { precondition(paths.indices.contains(index), "picture \(index) of \(count)") }
    let imageSize = channels * size * size
    let images = try Tensor(shape: [indices.count, channels, size, size], of: Float.self) { values in
      // Each thread writes other elements.
      nonisolated(unsafe) let values = values
      let threads = min(indices.count, threadCount ?? BLAS.threadCount)
      let failures = Failures()
      DispatchQueue.concurrentPerform(iterations: threads) { thread in
        for position in stride(from: thread, to: indices.count, by: threads) {
          let index = indices[position]
          do {
            writing(
              try Picture(path: paths[index]).converted(toChannels: channels), index,
              UnsafeMutableBufferPointer(rebasing: values[position * imageSize..<(position + 1) * imageSize]))
          } catch { failures.add(error, at: position) }
        }
      }
      try failures.throwFirst()
    }
    return Batch(inputs: images, targets: Tensor(indices.map { Int64(labels[$0]) }, shape: [indices.count]))
  }

  private func write(_ picture: Picture, to values: UnsafeMutableBufferPointer<Float>) {
    let area = size * size
    picture.pixels.withUnsafeBufferPointer { pixels in
      for channel in 0..<channels {
        let (mean, deviation) = normalization?.ofChannel(channel) ?? (0, 1)
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 256) { ofByte in
          for byte in 0..<256 { ofByte[byte] = (Float(byte) / 255 - mean) / deviation }
          for pixel in channel * area..<(channel + 1) * area { values[pixel] = ofByte[Int(pixels[pixel])] }
        }
      }
    }
  }
}

/// What went wrong in several threads.
private final class Failures: @unchecked Sendable {
  private let lock = NSLock()
  private var first: (position: Int, error: any Error)?

  func add(_ error: any Error, at position: Int) {
    lock.withLock { if position < first?.position ?? .max { first = (position, error) } }
  }

  /// Throws that of the lowest position, whichever thread was faster.
  func throwFirst() throws {
    if let first { throw first.error }
  }
}
