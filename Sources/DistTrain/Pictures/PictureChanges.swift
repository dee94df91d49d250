import Autograd

/// How pictures are changed at random while a model learns from them: a part of each is cut out and resized, and half of
/// them are mirrored, as `torchvision.transforms.RandomResizedCrop` and `RandomHorizontalFlip` do; and then all else that is
/// asked for.
public struct PictureChanges: Sendable {
  /// The part of a picture's pixels that is cut out, from and to, as a fraction.
  public let area: ClosedRange<Double>
  /// The width of what is cut out over its height, from and to. Its logarithm is drawn evenly.
  public let aspectRatio: ClosedRange<Double>
  /// Whether half of the pictures are mirrored from left to right.
  public let flips: Bool
  /// What is drawn from a list of operations, where anything is.
  public let automatic: AutomaticAugmentation?
  /// How colors are changed after that, where they are.
  public let colors: ColorJitter?
  /// What is erased of normalized pictures, where anything is.
  public let erasing: RandomErasing?

  /// Changes; unless told otherwise, those of `torchvision`, and no others than of part and side.
  public init(
    area: ClosedRange<Double> = 0.08...1, aspectRatio: ClosedRange<Double> = 3 / 4...4 / 3, flips: Bool = true,
    automatic: AutomaticAugmentation? = nil, colors: ColorJitter? = nil, erasing: RandomErasing? = nil
  ) {
    precondition(
      area.lowerBound > 0 && area.upperBound <= 1, "cuts of \(area) of a picture, expected parts above 0, up to 1")
    precondition(
      aspectRatio.lowerBound > 0 && aspectRatio.upperBound.isFinite,
      "cuts that are \(aspectRatio) times as wide as high, expected a ratio above 0")
    self.area = area
    self.aspectRatio = aspectRatio
    self.flips = flips
    if case .randAugment(let operations, let strength) = automatic {
      precondition(
        operations >= 0 && (0...30).contains(strength),
        "RandAugment of \(operations) operations of the strength \(strength), expected a number of them, and 0 to 30")
    }
    self.automatic = automatic
    self.colors = colors
    self.erasing = erasing
  }

  /// A picture of `size` × `size` pixels from a part of another.
  func changed(_ picture: Picture, size: Int, drawingFrom generator: RandomGenerator) -> Picture {
    var part = part(of: picture, drawingFrom: generator).resized(width: size, height: size)
    if flips && generator.random32() & 1 == 1 { part = part.mirrored() }
    part = automatic?.changed(part, drawingFrom: generator) ?? part
    return colors?.changed(part, drawingFrom: generator) ?? part
  }

  /// The part that is drawn; where none of ten draws lies within the picture, its middle, as large as ``aspectRatio``
  /// allows.
  private func part(of picture: Picture, drawingFrom generator: RandomGenerator) -> Picture {
    let (width, height) = (Double(picture.width), Double(picture.height))
    let sides = generator.sides(ofPart: area, of: width * height, ratio: aspectRatio) { columns, rows in
      (1...width).contains(columns) && (1...height).contains(rows)
    }
    if let (columns, rows) = sides {
      let x = generator.place(of: columns, in: picture.width)
      let y = generator.place(of: rows, in: picture.height)
      return picture.cropped(x: x, y: y, width: columns, height: rows)
    }
    let ratio = min(max(width / height, aspectRatio.lowerBound), aspectRatio.upperBound)
    return picture.centerCropped(
      width: Int(min(width, max(1, (height * ratio).rounded(.toNearestOrEven)))),
      height: Int(min(height, max(1, (width / ratio).rounded(.toNearestOrEven)))))
  }
}
