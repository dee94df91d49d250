import Foundation

/// How the elements of a tensor are written so that they line up, by the rules of PyTorch's `torch/_tensor_str.py`.
struct NumberFormat {
  /// The columns that every element takes.
  private(set) var width = 1
  private let style: Style

  private enum Style {
    /// Integers and truth values.
    case exact
    /// Floating-point numbers that all are whole, as in "3.".
    case whole
    case fixed
    case scientific
  }

  /// The format for the elements of `tensor` at `positions`.
  init(_ tensor: Tensor, at positions: [Int]) {
    guard tensor.dtype.isFloatingPoint else {
      style = .exact
      width = positions.map { Self.exactText(of: tensor, at: $0).count }.max() ?? 1
      return
    }
    let numbers = positions.map { Self.number(of: tensor, at: $0) }.filter { $0.isFinite && $0 != 0 }
    let magnitudes = numbers.map(abs)
    guard let smallest = magnitudes.min(), let largest = magnitudes.max() else {
      style = .whole
      return
    }
    let areWhole = numbers.allSatisfy { $0 == $0.rounded() }
    if largest / smallest > 1000 || largest > 1e8 || smallest < 1e-4 {
      style = .scientific
    } else {
      style = areWhole ? .whole : .fixed
    }
    width = numbers.map { Self.text($0, style).count }.max() ?? 1
  }

  /// The element at `position`, padded to the common width.
  func text(of tensor: Tensor, at position: Int) -> String {
    let text =
      style == .exact
      ? Self.exactText(of: tensor, at: position) : Self.text(Self.number(of: tensor, at: position), style)
    return String(repeating: " ", count: max(0, width - text.count)) + text
  }

  private static func number(of tensor: Tensor, at position: Int) -> Double {
    tensor.dtype == .float32 ? Double(tensor.pointer(Float.self)[position]) : tensor.pointer(Double.self)[position]
  }

  private static func exactText(of tensor: Tensor, at position: Int) -> String {
    switch tensor.dtype {
    case .bool: tensor.pointer(Bool.self)[position] ? "True" : "False"
    case .uint8: "\(tensor.pointer(UInt8.self)[position])"
    default: "\(tensor.pointer(Int64.self)[position])"
    }
  }

  private static func text(_ number: Double, _ style: Style) -> String {
    guard number.isFinite else { return number.isNaN ? "nan" : number < 0 ? "-inf" : "inf" }
    return switch style {
    case .whole: String(format: "%.0f.", number)
    case .scientific: String(format: "%.4e", number)
    default: String(format: "%.4f", number)
    }
  }
}
