import COpenBLAS
import Foundation

/// The kind of core whose kernels OpenBLAS computes by.
///
/// A version of OpenBLAS knows the processors of its time. On one that it does not know it takes its oldest kernels, in SSE3:
/// of Intel's for Prescott, a Pentium 4, as version 0.3.21 of Debian 12 on Emerald Rapids, where they take four
/// times as long as the others that it has; of AMD's for Barcelona, as version 0.3.20 of Ubuntu 22.04 on Zen 5.
/// (https://github.com/OpenMathLib/OpenBLAS/issues/4267 is one such case.)
package enum OpenBLASCore {
  /// What OpenBLAS calls it.
  package static var name: String { String(cString: openblas_get_corename()) }

  /// Whether it is what OpenBLAS takes for want of another, though the processor has later instructions.
  package static var isFallback: Bool { ["Prescott", "Barcelona"].contains(name) && suitable != nil }

  /// The kind of core with the instructions that this processor has; `nil` if it has none that matter.
  static var suitable: String? {
    MatrixKernel.packed != nil ? "SkylakeX" : MatrixKernel.avx2 != nil ? "Haswell" : nil
  }

  private static let variable = "OPENBLAS_CORETYPE"

  /// Takes the kernels for this processor's instructions in place of the oldest, unless the environment has chosen. To be
  /// called before anything is computed, and best before there are threads, for the environment is changed for a moment.
  package static func correct() {
    guard isFallback, let suitable, getenv(variable) == nil else { return }
    take(suitable)
  }

  /// Takes the kernels for a kind of core, where the library can choose again, as one that is built for several kinds can.
  package static func take(_ core: String) {
    typealias Function = @convention(c) () -> Void
    guard let quit = dlsym(nil, "gotoblas_dynamic_quit"), let start = dlsym(nil, "gotoblas_dynamic_init")
    else { return }
    let before = getenv(variable).map { String(cString: $0) }
    setenv(variable, core, 1)
    unsafeBitCast(quit, to: Function.self)()
    unsafeBitCast(start, to: Function.self)()
    if let before { setenv(variable, before, 1) } else { unsetenv(variable) }
  }
}
