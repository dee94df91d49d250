import Autograd

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
  /// Of pictures in files, a part that is resized and mirrored, as ``PictureChanges`` does.
  case crop

  /// The images to learn from, of so many rows and columns.
  ///
  /// - Throws: ``ConfigurationError`` where such images cannot be changed so.
  package func augmented(_ images: any Dataset, of imageSize: Int) throws -> any Dataset {
    let shift = imageSize / 8
    return switch self {
    case .none: images
    case .shift: moved(images, shift: shift, flips: false)
    case .flip: moved(images, shift: 0, flips: true)
    case .both: moved(images, shift: shift, flips: true)
    case .crop:
      if let pictures = images as? PictureFiles {
        pictures.changed(by: PictureChanges())
      } else {
        throw ConfigurationError(
          "--augment is crop, expected none, shift, flip or both: images of MNIST's and CIFAR-10's formats have one size"
        )
      }
    }
  }

  private func moved(_ samples: any Dataset, shift: Int, flips: Bool) -> any Dataset {
    if let images = samples as? LabeledImages { return AugmentedImages(images, shift: shift, flips: flips) }
    return samples.augmented { sample in
      var image = sample[0]
      if shift > 0 {
        let offsets = Tensor.randint(0..<2 * shift + 1, [2]).array(of: Int.self)
        let (rows, columns) = (image.shape[1], image.shape[2])
        image =
          image.padded([(shift, shift), (shift, shift)])[
            0..., offsets[0]..<offsets[0] + rows, offsets[1]..<offsets[1] + columns]
      }
      if flips && Tensor.randint(0..<2, [1]).item() == 1 { image = image.flipped([2]) }
      return [image, sample[1]]
    }
  }
}
