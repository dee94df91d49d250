import CKernels
import Foundation

/// The Box–Muller transform of blocks of 16: from u₁ (the first half) and u₂ (the second), uniform on [0, 1), to
/// √(−2 ln(1 − u₁)) · cos(2π u₂) and √(−2 ln(1 − u₁)) · sin(2π u₂).
///
/// Source: G. Box, M. Muller, "A Note on the Generation of Random Normal Deviates", Ann. Math. Stat. 29(2), 1958. The
/// single-precision logarithm, sine and cosine are the polynomials of S. Moshier's Cephes library (logf, sinf, cosf),
/// with products and sums fused where PyTorch's AVX2 kernel fuses them: the samples are equal bit for bit.
enum BoxMuller {
  /// Samples of a block.
  static let blockCount = 16

  /// Transforms `count` blocks.
  static func transform(_ blocks: UnsafeMutablePointer<Float>, count: Int, mean: Float, standardDeviation: Float) {
    dt_box_muller_f32(count, mean, standardDeviation, blocks)
  }

  /// Transforms `count` blocks.
  static func transform(_ blocks: UnsafeMutablePointer<Double>, count: Int, mean: Double, standardDeviation: Double) {
    for number in 0..<count {
      transform(blocks + number * blockCount, mean: mean, standardDeviation: standardDeviation)
    }
  }

  private static func transform(_ block: UnsafeMutablePointer<Double>, mean: Double, standardDeviation: Double) {
    for index in 0..<blockCount / 2 {
      let radius = (-2 * log(1 - block[index])).squareRoot()
      let angle = 2 * Double.pi * block[index + blockCount / 2]
      block[index] = mean.addingProduct(radius * cos(angle), standardDeviation)
      block[index + blockCount / 2] = mean.addingProduct(radius * sin(angle), standardDeviation)
    }
  }
}
