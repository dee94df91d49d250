import Autograd

/// A rectangle of a picture that is erased at random, as `torchvision.transforms.RandomErasing` does with a normalized one
/// (Zhong, Zheng, Kang, Li, Yang, "Random Erasing Data Augmentation", <https://arxiv.org/abs/1708.04896>).
public struct RandomErasing: Sendable {
  /// The part of all pictures of which a rectangle is erased, 0 to 1.
  public let probability: Double
  /// The part of a picture's pixels that is erased, from and to, as a fraction.
  public let area: ClosedRange<Double>
  /// The height of the rectangle over its width, from and to. Its logarithm is drawn evenly.
  public let aspectRatio: ClosedRange<Double>
  /// What all channels of its pixels become, after normalization: 0 is the mean color.
  public let value: Float

  /// Rectangles; unless told otherwise, those of `torchvision`.
  public init(
    probability: Double = 0.5, area: ClosedRange<Double> = 0.02...0.33, aspectRatio: ClosedRange<Double> = 0.3...3.3,
    value: Float = 0
  ) {
    precondition((0...1).contains(probability), "erasing with probability \(probability), expected 0 to 1")
    precondition(
      area.lowerBound >= 0 && area.upperBound <= 1, "erasing \(area) of a picture, expected parts from 0 to 1")
    precondition(
      aspectRatio.lowerBound > 0 && aspectRatio.upperBound.isFinite,
      "erasing what is \(aspectRatio) times as high as wide, expected a ratio above 0")
    self.probability = probability
    self.area = area
    self.aspectRatio = aspectRatio
    self.value = value
  }

  /// Erases, or not, a rectangle of a picture's values, [channels, height, width].
  func erase(
    _ values: UnsafeMutableBufferPointer<Float>, channels: Int, height: Int, width: Int,
    drawingFrom generator: RandomGenerator
  ) {
    guard generator.number(in: 0...1) < probability,
      let (rows, columns) = rectangle(height: height, width: width, drawingFrom: generator)
    else { return }
    for channel in 0..<channels {
      for row in rows {
        let start = (channel * height + row) * width
        values[start + columns.lowerBound..<start + columns.upperBound].update(repeating: value)
      }
    }
  }

  /// The rectangle that is drawn; none where none of ten draws is lower and narrower than the picture.
  private func rectangle(
    height: Int, width: Int, drawingFrom generator: RandomGenerator
  ) -> (rows: Range<Int>, columns: Range<Int>)? {
    let sides = generator.sides(ofPart: area, of: Double(height * width), ratio: aspectRatio) { rows, columns in
      rows < Double(height) && columns < Double(width)
    }
    guard let (rows, columns) = sides else { return nil }
    let y = generator.place(of: rows, in: height)
    let x = generator.place(of: columns, in: width)
    return (y..<y + rows, x..<x + columns)
  }
}
