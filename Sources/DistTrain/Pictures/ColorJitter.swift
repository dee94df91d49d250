import Autograd

/// How the colors of pictures are changed at random, as `torchvision.transforms.ColorJitter` does: brightness, contrast,
/// saturation and hue, in an order that is drawn, too.
public struct ColorJitter: Sendable {
  /// Factors of brightness are drawn evenly from 1 − this, or 0 where that is less, to 1 + this.
  public let brightness: Double
  /// As ``brightness``, of contrast.
  public let contrast: Double
  /// As ``brightness``, of saturation.
  public let saturation: Double
  /// The part of the circle by which hues are turned, to the one side or the other at most: 0 to 0.5.
  public let hue: Double

  /// Changes, of which those of 0 leave a picture as it is.
  public init(brightness: Double = 0, contrast: Double = 0, saturation: Double = 0, hue: Double = 0) {
    for width in [brightness, contrast, saturation] {
      precondition(
        width >= 0 && Float(1 + width).isFinite, "colors changed by up to \(width), expected a number from 0")
    }
    precondition((0...0.5).contains(hue), "hues turned by up to \(hue), expected 0 to 0.5")
    self.brightness = brightness
    self.contrast = contrast
    self.saturation = saturation
    self.hue = hue
  }

  func changed(_ picture: Picture, drawingFrom generator: RandomGenerator) -> Picture {
    func factor(_ width: Double) -> Double { generator.number(in: max(0, 1 - width)...1 + width) }
    var changes: [(Picture) -> Picture] = []
    if brightness > 0 {
      let factor = factor(brightness)
      changes.append { $0.brightnessAdjusted(by: factor) }
    }
    if contrast > 0 {
      let factor = factor(contrast)
      changes.append { $0.contrastAdjusted(by: factor) }
    }
    if saturation > 0 {
      let factor = factor(saturation)
      changes.append { $0.saturationAdjusted(by: factor) }
    }
    if hue > 0 {
      let turn = generator.number(in: -hue...hue)
      changes.append { $0.hueAdjusted(by: turn) }
    }
    for index in changes.indices.dropFirst() {
      changes.swapAt(index, Int(generator.random64() % UInt64(index + 1)))
    }
    return changes.reduce(picture) { $1($0) }
  }
}

extension RandomGenerator {
  /// A number that is drawn evenly.
  func number(in range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * Double(random64() >> 11) * 0x1p-53
  }
}
