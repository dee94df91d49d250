/// How training images are changed at random, anew in every epoch (`--augment`).
public enum AugmentationChoice: String, Codable, CaseIterable, Sendable {
  /// Not at all.
  case none
  /// Moved by up to an eighth of their size.
  case shift
  /// Mirrored from left to right, each with probability one half.
  case flip
  /// Moved and mirrored.
  case both

  /// The images to learn from.
  func augmented(_ images: LabeledImages) -> any Dataset {
    let shift = min(images.height, images.width) / 8
    return switch self {
    case .none: images
    case .shift: AugmentedImages(images, shift: shift, flips: false)
    case .flip: AugmentedImages(images, shift: 0, flips: true)
    case .both: AugmentedImages(images, shift: shift, flips: true)
    }
  }
}
