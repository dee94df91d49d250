/// Changes of how bright and how sharp pictures are, with the bits of `torchvision.transforms.functional` on pictures of
/// Pillow (<https://github.com/python-pillow/Pillow/blob/12.0.0/src/PIL/ImageOps.py>).
extension Picture {
  /// The picture with only the upper bits of each value, 8 for itself. `posterize`.
  public func posterized(toBits bits: Int) -> Picture {
    precondition((0...8).contains(bits), "a picture of \(bits) bits a value, expected 0 to 8")
    let kept = UInt8(truncatingIfNeeded: 0xff << (8 - bits))
    return mapped { _ in (0...255).map { $0 & kept } }
  }

  /// The picture with values from `threshold` on as those of its negative. `solarize`.
  public func solarized(from threshold: Double) -> Picture {
    mapped { _ in (0...255).map { Double($0) < threshold ? $0 : 255 - $0 } }
  }

  /// The picture with the darkest value of each channel made 0 and the brightest 255. `autocontrast`.
  public func autocontrasted() -> Picture {
    mapped { values in
      let (low, high) = (values.min() ?? 0, values.max() ?? 0)
      guard low < high else { return Array(0...255) }
      let scale = 255 / Double(high - low)
      let offset = -Double(low) * scale
      return (0...255).map { UInt8(min(max(Double($0) * scale + offset, 0), 255)) }
    }
  }

  /// The picture with about as many pixels of each value in each channel. `equalize`.
  public func equalized() -> Picture {
    mapped { values in
      var counts = [Int](repeating: 0, count: 256)
      for value in values { counts[Int(value)] += 1 }
      let step = (values.count - (counts.last { $0 > 0 } ?? 0)) / 255
      guard step > 0 else { return Array(0...255) }
      var below = step / 2
      return counts.map { count in
        defer { below += count }
        return UInt8(min(below / step, 255))
      }
    }
  }

  /// The picture blurred, by a factor below 1, or sharper. `adjust_sharpness`.
  public func sharpnessAdjusted(by factor: Double) -> Picture { blended(from: smoothed(), by: factor) }

  /// Each value with 1/13 of each of its eight neighbours, but at the edges, where they stay, as in pictures of less than
  /// three pixels in a row or column.
  private func smoothed() -> [UInt8] {
    guard width >= 3 && height >= 3 else { return pixels }
    var smoothed = pixels
    smoothed.withUnsafeMutableBufferPointer { smoothed in
      pixels.withUnsafeBufferPointer { pixels in
        for channel in 0..<channels {
          for row in 1..<height - 1 {
            let start = (channel * height + row) * width
            for place in start + 1..<start + width - 1 {
              var sum = 4 * Int(pixels[place])
              for line in stride(from: place - width, through: place + width, by: width) {
                sum += Int(pixels[line - 1]) + Int(pixels[line]) + Int(pixels[line + 1])
              }
              // Never halfway between two numbers, so that it does not matter how halves are rounded.
              smoothed[place] = UInt8((2 * sum + 13) / 26)
            }
          }
        }
      }
    }
    return smoothed
  }

  /// The picture with other values.
  /// - Parameter table: What 0 to 255 become, from the values of a channel.
  private func mapped(_ table: (ArraySlice<UInt8>) -> [UInt8]) -> Picture {
    let area = width * height
    let mapped = (0..<channels).flatMap { channel in
      let values = pixels[channel * area..<(channel + 1) * area]
      let table = table(values)
      return values.map { table[Int($0)] }
    }
    return Picture(width: width, height: height, channels: channels, pixels: mapped)
  }
}
