import Autograd
import Foundation
import Testing

/// The kernels that OpenBLAS computes by, on processors that it knows and on others.
@Suite struct OpenBLASCoreTests {
  private static let isSetOutside = ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"] != nil
  private static let hasLaterInstructions = MatrixKernel.packed != nil || MatrixKernel.avx2 != nil

  /// A product that is left to OpenBLAS.
  private static func product() -> [Double] {
    let generator = RandomGenerator(seed: 1)
    let (a, b) = (Tensor.randn([70, 90], generator: generator), Tensor.randn([90, 50], generator: generator))
    return Kernels.choosing(generic: true) { a.matmul(b).array(of: Double.self) }
  }

  @Test(.enabled(if: hasLaterInstructions && !isSetOutside)) func aProcessorThatItDoesNotKnow() async {
    await #expect(processExitsWith: .success) {
      let before = Self.product()
      let chosen = OpenBLASCore.name
      #expect(!OpenBLASCore.isFallback, "chosen at the first use: \(chosen)")
      // What it takes where it knows nothing better, of Intel's and of AMD's.
      for fallback in ["Prescott", "Barcelona"] {
        OpenBLASCore.take(fallback)
        #expect(OpenBLASCore.name == fallback && BLAS.warning?.contains("OPENBLAS_CORETYPE") == true)
        let slow = Self.product()
        OpenBLASCore.correct()
        #expect(["SkylakeX", "Haswell", "Zen"].contains(OpenBLASCore.name), "\(OpenBLASCore.name)")
        #expect(BLAS.warning == nil && BLAS.summary.contains("(core: \(OpenBLASCore.name))"))
        #expect(getenv("OPENBLAS_CORETYPE") == nil)
        for product in [slow, Self.product()] {
          for (a, b) in zip(product, before) { #expect(abs(a - b) < 1e-4) }
        }
      }
    }
  }

  @Test(.enabled(if: hasLaterInstructions)) func whatTheEnvironmentChoosesStays() async {
    await #expect(processExitsWith: .success) {
      OpenBLASCore.take("Prescott")
      setenv("OPENBLAS_CORETYPE", "Prescott", 1)
      _ = Self.product()
      #expect(OpenBLASCore.name == "Prescott")
    }
  }
}
