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
  public func saturationAdjusted(by factor: Double) -> Picture {
    Self.requireFactor(factor)
    guard channels == 3 else { return self }
    let (lumas, area) = (lumas, width * height)
    return Picture(
      width: width, height: height, channels: 3,
      pixels: pixels.indices.map { Self.blend(lumas[$0 % area], pixels[$0], Float(factor)) })
  }

  /// The picture in other colors: each is turned by a part of the circle of hues, from −0.5 to 0.5. Grey stays. `adjust_hue`.
  public func hueAdjusted(by turn: Double) -> Picture {
    precondition(abs(turn) <= 0.5, "hues turned by \(turn), expected -0.5 to 0.5")
    guard channels == 3 else { return self }
    let area = width * height
    let steps = UInt8(truncatingIfNeeded: Int(turn * 255))
    let turned = [UInt8](unsafeUninitializedCapacity: 3 * area) { result, count in
      for pixel in 0..<area {
        var color = HueColor(red: pixels[pixel], green: pixels[area + pixel], blue: pixels[2 * area + pixel])
        color.hue &+= steps
        (result[pixel], result[area + pixel], result[2 * area + pixel]) = color.redGreenBlue
      }
      count = 3 * area
    }
    return Picture(width: width, height: height, channels: 3, pixels: turned)
  }

  /// How bright each pixel is, in the thousandths of BT.601 as Pillow has them.
  private var lumas: [UInt8] {
    guard channels == 3 else { return pixels }
    let area = width * height
    return (0..<area).map { pixel in
      let weighted =
        19595 * Int(pixels[pixel]) + 38470 * Int(pixels[area + pixel]) + 7471 * Int(pixels[2 * area + pixel])
      return UInt8((weighted + 0x8000) >> 16)
    }
  }

  /// Every value on the line through `start`, for a factor of 0, and itself, for 1.
  private func blended(from start: UInt8, by factor: Double) -> Picture {
    Self.requireFactor(factor)
    let ofValue = (0...255).map { Self.blend(start, $0, Float(factor)) }
    return Picture(width: width, height: height, channels: channels, pixels: pixels.map { ofValue[Int($0)] })
  }

  static func blend(_ start: UInt8, _ end: UInt8, _ factor: Float) -> UInt8 {
    UInt8(min(max(Float(start) + factor * Float(Int(end) - Int(start)), 0), 255))
  }

  static func requireFactor(_ factor: Double) {
    precondition(factor >= 0 && Float(factor).isFinite, "colors adjusted by \(factor), expected a number from 0")
  }
}

/// A color by its hue, saturation and value, of 8 bits each
/// (<https://github.com/python-pillow/Pillow/blob/12.0.0/src/libImaging/Convert.c>, after Python's `colorsys`).
private struct HueColor {
  var hue: UInt8
  let saturation: UInt8
  let value: UInt8

  init(red: UInt8, green: UInt8, blue: UInt8) {
    let (least, most) = (min(red, green, blue), max(red, green, blue))
    value = most
    guard least < most else {
      (hue, saturation) = (0, 0)
      return
    }
    let range = Float(most - least)
    func distance(_ channel: UInt8) -> Float { Float(most - channel) / range }
    let sixths: Float =
      if red == most {
        distance(blue) - distance(green)
      } else if green == most {
        Float(2.0 + Double(distance(red)) - Double(distance(blue)))
      } else {
        Float(4.0 + Double(distance(green)) - Double(distance(red)))
      }
    let turns = Float((Double(sixths) / 6 + 1).truncatingRemainder(dividingBy: 1))
    hue = UInt8(Double(turns) * 255)
    saturation = UInt8(Double(range / Float(most)) * 255)
  }

  var redGreenBlue: (UInt8, UInt8, UInt8) {
    guard saturation > 0 else { return (value, value, value) }
    let sixths = Double(hue) * 6 / 255
    let sector = Int(sixths)
    let part = Double(Float(sixths - Double(sector)))
    let (value, saturation) = (Double(value), Double(Float(saturation) / 255))
    func byte(_ number: Double) -> UInt8 { UInt8(min(max(number.rounded(), 0), 255)) }
    let low = byte(value * (1 - saturation))
    let falling = byte(value * (1 - saturation * part))
    let rising = byte(value * (1 - saturation * (1 - part)))
    switch sector % 6 {
    case 0: return (self.value, rising, low)
    case 1: return (falling, self.value, low)
    case 2: return (low, self.value, rising)
    case 3: return (low, falling, self.value)
    case 4: return (rising, low, self.value)
    default: return (self.value, low, falling)
    }
  }
}
