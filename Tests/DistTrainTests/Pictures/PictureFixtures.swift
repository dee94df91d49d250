import DistTrain
import Foundation
import Testing
import TestSupport

/// What Pillow decodes and resizes, from `pictures.json`.
struct PictureFixtures: Decodable {
  /// A picture whose samples lie pixel after pixel.
  struct Entry: Decodable {
    let width: Int
    let height: Int
    let channels: Int
    let pixels: Data

    var picture: Picture {
      Picture(
        width: width, height: height, channels: channels,
        pixels: (0..<channels).flatMap { channel in
          stride(from: channel, to: pixels.count, by: channels).map { pixels[$0] }
        })
    }
  }

  let decoded: [String: Entry]
  let colors: Entry
  let gray: Entry
  /// Of `colors`, then of `gray`.
  let resized: [Entry]
  /// A picture with another brightness, contrast, saturation or hue.
  struct Adjustment: Decodable {
    let quality: String
    let factor: Double
    let picture: Entry
  }

  let some: Entry
  let someInGray: Entry
  /// Of `some`, then of `someInGray`.
  let adjusted: [Adjustment]

  init() throws { self = try JSONDecoder().decode(Self.self, from: Data(contents(fixture("pictures.json")))) }
}

extension Trait where Self == ConditionTrait {
  /// Skips a test where JPEG pictures cannot be read.
  static var needsTurboJPEG: Self {
    .enabled("TurboJPEG is not installed: libturbojpeg0 in Debian") { (try? TurboJPEG.shared.get()) != nil }
  }
}
