import Autograd
import Foundation

/// Rectangles of a picture, as `torchvision` draws them.
extension RandomGenerator {
  /// The two sides of a rectangle of a part of so many pixels, in whole pixels; nil where none of ten draws fits.
  ///
  /// - Parameters:
  ///   - area: The part, from and to, as a fraction.
  ///   - ratio: The first side over the second, from and to. Its logarithm is drawn evenly.
  ///   - fits: Whether sides are small enough, and large enough.
  func sides(
    ofPart area: ClosedRange<Double>, of pixels: Double, ratio: ClosedRange<Double>,
    where fits: (_ first: Double, _ second: Double) -> Bool
  ) -> (first: Int, second: Int)? {
    let logarithms = log(ratio.lowerBound)...log(ratio.upperBound)
    for _ in 0..<10 {
      let pixels = pixels * number(in: area)
      let ratio = exp(number(in: logarithms))
      let first = (pixels * ratio).squareRoot().rounded(.toNearestOrEven)
      let second = (pixels / ratio).squareRoot().rounded(.toNearestOrEven)
      if fits(first, second) { return (Int(first), Int(second)) }
    }
    return nil
  }

  /// Where a side of `length` pixels begins in one of `room`, each place as likely as the others.
  func place(of length: Int, in room: Int) -> Int { Int(random64() % UInt64(room - length + 1)) }
}
