/// The changes of a picture of which ``AutomaticAugmentation`` draws, in the order of `torchvision`'s lists.
package enum PictureOperation: String, CaseIterable, Sendable {
  case identity = "Identity"
  case shearX = "ShearX"
  case shearY = "ShearY"
  case translateX = "TranslateX"
  case translateY = "TranslateY"
  case rotate = "Rotate"
  case brightness = "Brightness"
  case color = "Color"
  case contrast = "Contrast"
  case sharpness = "Sharpness"
  case posterize = "Posterize"
  case solarize = "Solarize"
  case autoContrast = "AutoContrast"
  case equalize = "Equalize"

  /// Whether half of its magnitudes are to be negative.
  package var isSigned: Bool {
    switch self {
    case .shearX, .shearY, .translateX, .translateY, .rotate, .brightness, .color, .contrast, .sharpness: true
    case .identity, .posterize, .solarize, .autoContrast, .equalize: false
    }
  }

  /// A picture changed by so much.
  package func applied(to picture: Picture, magnitude: Double) -> Picture {
    switch self {
    case .identity: picture
    case .shearX: picture.shearedHorizontally(by: magnitude)
    case .shearY: picture.shearedVertically(by: magnitude)
    case .translateX: picture.translated(x: Int(magnitude))
    case .translateY: picture.translated(y: Int(magnitude))
    case .rotate: picture.rotated(byDegrees: magnitude)
    case .brightness: picture.brightnessAdjusted(by: 1 + magnitude)
    case .color: picture.saturationAdjusted(by: 1 + magnitude)
    case .contrast: picture.contrastAdjusted(by: 1 + magnitude)
    case .sharpness: picture.sharpnessAdjusted(by: 1 + magnitude)
    case .posterize: picture.posterized(toBits: Int(magnitude))
    case .solarize: picture.solarized(from: magnitude)
    case .autoContrast: picture.autocontrasted()
    case .equalize: picture.equalized()
    }
  }
}
