import Autograd

extension LabeledImages: Dataset {
  /// The images with the given numbers as `float32` [n, height, width], pixels from 0 to 1, and their labels; images of
  /// several channels as [n, channels, height, width].
  ///
  /// Pixels are gathered and converted in one pass; each is divided by 255 in single precision.
  public func batch(_ indices: [Int]) -> Batch {
    for index in indices { precondition(labels.indices.contains(index), "image \(index) of \(count)") }
    let images = Tensor(shape: [indices.count] + imageShape, of: Float.self) { gather(indices, into: $0) }
    return Batch(inputs: images, targets: Tensor(indices.map { Int64(labels[$0]) }, shape: [indices.count]))
  }

  /// The pixels and the labels, a byte each.
  public var columns: [SampleColumn]? {
    let labels = AlignedBytes(count: count) { $0.copyBytes(from: self.labels) }
    return [
      SampleColumn(pixels, dtype: .uint8, shape: imageShape, conversion: .fractionsOf255),
      SampleColumn(labels, dtype: .uint8, shape: [], conversion: .wholeNumbers),
    ]
  }

  private var imageShape: [Int] { (channels == 1 ? [] : [channels]) + [height, width] }

  /// Goes through eight images at a time, a cache line of each in turn: shuffled images are far apart in memory, and so
  /// the processor fetches eight of them at once rather than one after the other.
  private func gather(_ indices: [Int], into values: UnsafeMutableBufferPointer<Float>) {
    let (group, line, size) = (8, 64, imageSize)
    pixels.withUnsafeBytes { bytes in
      for first in stride(from: 0, to: indices.count, by: group) {
        for start in stride(from: 0, to: size, by: line) {
          let part = start..<min(start + line, size)
          for i in first..<min(first + group, indices.count) {
            let (source, target) = (indices[i] * size, i * size)
            divideBy255(
              UnsafeRawBufferPointer(rebasing: bytes[source + part.lowerBound..<source + part.upperBound]),
              into: UnsafeMutableBufferPointer(
                rebasing: values[target + part.lowerBound..<target + part.upperBound]))
          }
        }
      }
    }
  }
}

/// Writes `Float(byte) / 255` for every byte, to the last bit, without a division, which takes longer.
///
/// 1/255 is split into its first 16 bits, whose product with a byte is exact, and the rest. So the sum of both products
/// is rounded once, but for an error far below a quarter of the last bit; a test checks all 256 values.
@inline(__always)
package func divideBy255(_ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>) {
  precondition(bytes.count == values.count, "\(bytes.count) bytes for \(values.count) values")
  let high = Float(bitPattern: Float(1.0 / 255).bitPattern & 0xFFFF_FF00)
  let low = Float(1.0 / 255 - Double(high))
  for index in 0..<values.count {
    let byte = Float(bytes[index])
    values[index] = byte * high + byte * low
  }
}
