import Foundation

extension Double {
  /// The number rounded to so many decimals; what is not a number is `nan`, without the sign that C prints.
  func text(decimals: Int) -> String { isNaN ? "nan" : String(format: "%.\(decimals)f", self) }
}
