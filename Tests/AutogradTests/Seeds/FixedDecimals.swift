import Foundation

extension Double {
  /// The number with a fixed count of decimals, as Python's `f"{x:.4f}"`.
  func fixed(_ decimals: Int) -> String { String(format: "%.\(decimals)f", self) }
}
