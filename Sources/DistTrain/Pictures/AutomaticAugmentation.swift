import Autograd

/// Pictures changed by operations that are drawn from one list: sheared, translated, rotated, brighter, in other colors and
/// so on, as `torchvision.transforms.TrivialAugmentWide` and `RandAugment` do, with its strengths of 31 steps. What comes in
/// is black.
public enum AutomaticAugmentation: Equatable, Sendable {
  /// One operation of any strength (Müller, Hutter, "TrivialAugment: Tuning-free Yet State-of-the-Art Data Augmentation",
  /// <https://arxiv.org/abs/2103.10158>).
  case trivialAugmentWide
  /// Several operations, one after the other, of one strength, 0 to 30 (Cubuk, Zoph, Shlens, Le, "RandAugment: Practical
  /// automated data augmentation with a reduced search space", <https://arxiv.org/abs/1909.13719>).
  case randAugment(operations: Int = 2, magnitude: Int = 9)

  /// The steps of strength.
  private static let stepCount = 31

  func changed(_ picture: Picture, drawingFrom generator: RandomGenerator) -> Picture {
    switch self {
    case .trivialAugmentWide: return changedOnce(picture, step: nil, drawingFrom: generator)
    case .randAugment(let operations, let step):
      return (0..<operations).reduce(picture) { picture, _ in
        changedOnce(picture, step: step, drawingFrom: generator)
      }
    }
  }

  /// The picture after one operation, of the strength that is given or drawn.
  private func changedOnce(_ picture: Picture, step: Int?, drawingFrom generator: RandomGenerator) -> Picture {
    let operations = PictureOperation.allCases
    let operation = operations[Int(generator.random64() % UInt64(operations.count))]
    let step = step ?? Int(generator.random64() % UInt64(Self.stepCount))
    let magnitude = magnitude(of: operation, step: step, width: picture.width, height: picture.height)
    let isNegative = operation.isSigned && generator.random32() & 1 == 1
    return operation.applied(to: picture, magnitude: isNegative ? -magnitude : magnitude)
  }

  /// How strong an operation is at a step, for a picture of some size.
  package func magnitude(of operation: PictureOperation, step: Int, width: Int, height: Int) -> Double {
    /// In single precision, as there.
    func number(from start: Double = 0, to end: Double) -> Double {
      Double(Float.evenlySpaced(step, of: Self.stepCount, from: Float(start), to: Float(end)))
    }
    let isWide = self == .trivialAugmentWide
    return switch operation {
    case .identity, .autoContrast, .equalize: 0
    case .shearX, .shearY: number(to: isWide ? 0.99 : 0.3)
    case .translateX: number(to: isWide ? 32 : 150.0 / 331 * Double(width))
    case .translateY: number(to: isWide ? 32 : 150.0 / 331 * Double(height))
    case .rotate: number(to: isWide ? 135 : 30)
    case .brightness, .color, .contrast, .sharpness: number(to: isWide ? 0.99 : 0.9)
    case .posterize: 8 - (Double(step) / (isWide ? 5 : 7.5)).rounded(.toNearestOrEven)
    case .solarize: number(from: 255, to: 0)
    }
  }
}
