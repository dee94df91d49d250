import CKernels

/// Brightness, contrast, saturation and hue, with the bits of `torchvision.transforms.functional` on pictures of Pillow
/// (<https://github.com/python-pillow/Pillow/blob/12.0.0/src/PIL/ImageEnhance.py>).
extension Picture {
  /// The same in one channel, where color becomes grey by luma (ITU-R BT.601), or in three, of which grey has all alike.
  public func converted(toChannels channels: Int) -> Picture {
    guard channels != self.channels else { return self }
    return Picture(
      width: width, height: height, channels: channels, pixels: channels == 1 ? lumas : pixels + pixels + pixels)
  }

  /// The picture darker, by a factor below 1, down to black for 0, or brighter. `adjust_brightness`.
  public func brightnessAdjusted(by factor: Double) -> Picture { blended(from: 0, by: factor) }

  /// The picture nearer to its mean luma, by a factor below 1, or farther from it. `adjust_contrast`.
  public func contrastAdjusted(by factor: Double) -> Picture {
    let lumas = lumas
    let mean = Double(lumas.reduce(0) { $0 + Int($1) }) / Double(lumas.count)
    return blended(from: UInt8(mean + 0.5), by: factor)
  }

  /// The picture nearer to grey, by a factor below 1, or in stronger colors. `adjust_saturation`.
  public func saturationAdjusted(by factor: Double) -> Picture { blended(from: lumas, by: factor) }

  /// The picture in other colors: each is turned by a part of the circle of hues, from −0.5 to 0.5. Grey stays. `adjust_hue`.
  public func hueAdjusted(by turn: Double) -> Picture {
    precondition(abs(turn) <= 0.5, "hues turned by \(turn), expected -0.5 to 0.5")
    guard channels == 3 else { return self }
    let area = width * height
    let steps = UInt8(truncatingIfNeeded: Int(turn * 255))
    return Picture(width: width, height: height, channels: 3) { turned in
      pixels.withUnsafeBufferPointer { pixels in
        let red = pixels.baseAddress!
        dt_turn_hues(area, red, red + area, red + 2 * area, steps, turned, turned + area, turned + 2 * area)
      }
    }
  }

  /// How bright each pixel is.
  private var lumas: [UInt8] {
    guard channels == 3 else { return pixels }
    let area = width * height
    return [UInt8](unsafeUninitializedCapacity: area) { lumas, count in
      pixels.withUnsafeBufferPointer { pixels in
        let red = pixels.baseAddress!
        dt_luma(area, red, red + area, red + 2 * area, lumas.baseAddress)
      }
      count = area
    }
  }

  private func blended(from start: UInt8, by factor: Double) -> Picture {
    blended(from: Array(repeating: start, count: width * height), by: factor)
  }

  /// Every value on the line through that of `start`, for a factor of 0, and itself, for 1.
  /// - Parameter start: One for each pixel, or for each value.
  func blended(from start: [UInt8], by factor: Double) -> Picture {
    precondition(factor >= 0 && Float(factor).isFinite, "colors adjusted by \(factor), expected a number from 0")
    let area = width * height
    let next = start.count == area ? 0 : area
    return Picture(width: width, height: height, channels: channels) { result in
      pixels.withUnsafeBufferPointer { pixels in
        for channel in 0..<channels {
          start.withUnsafeBufferPointer { start in
            let values = channel * area
            dt_blend(
              area, start.baseAddress! + channel * next, pixels.baseAddress! + values, Float(factor), result + values)
          }
        }
      }
    }
  }
}
