import Autograd

extension LabeledImages: Dataset {
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
          divideBy255(
            UnsafeRawBufferPointer(rebasing: bytes[index * size..<(index + 1) * size]),
            into: UnsafeMutableBufferPointer(rebasing: buffer[i * size..<(i + 1) * size]))
        }
      }
    }
    return Batch(inputs: images, targets: Tensor(indices.map { Int64(labels[$0]) }, shape: [indices.count]))
  }
}

/// Writes `Float(byte) / 255` for every byte, to the last bit, without a division, which would take most of the time.
///
/// 1/255 is split into its first 16 bits, whose product with a byte is exact, and the rest. So the sum of both products
/// is rounded once, but for an error far below a quarter of the last bit; a test checks all 256 values.
package func divideBy255(_ bytes: UnsafeRawBufferPointer, into values: UnsafeMutableBufferPointer<Float>) {
  precondition(bytes.count == values.count, "\(bytes.count) bytes for \(values.count) values")
  let high = Float(bitPattern: Float(1.0 / 255).bitPattern & 0xFFFF_FF00)
  let low = Float(1.0 / 255 - Double(high))
  for index in 0..<values.count {
    let byte = Float(bytes[index])
    values[index] = byte * high + byte * low
  }
}
