import Foundation

/// Functions in single precision as the C library computes them, one element after the other: what the fast kernels
/// are compared with, and what replaces them under ``Kernels/areGeneric``.
enum PlainFunctions {
  static func map(
    _ function: (Float) -> Float, _ x: UnsafePointer<Float>, count: Int, into result: UnsafeMutablePointer<Float>
  ) {
    for i in 0..<count { result[i] = function(x[i]) }
  }

  /// The function of an operation that has a fast kernel of its own; `nil` for the others.
  static func single(_ operation: UnaryOperation) -> ((Float) -> Float)? {
    switch operation {
    case .exponential: { expf($0) }
    case .logarithm: { logf($0) }
    case .tanh: { tanhf($0) }
    case .sigmoid: sigmoid
    case .silu: { $0 * sigmoid($0) }
    default: nil
    }
  }

  private static func sigmoid(_ x: Float) -> Float {
    let power = expf(-abs(x))
    return (x < 0 ? power : 1) / (1 + power)
  }
}
