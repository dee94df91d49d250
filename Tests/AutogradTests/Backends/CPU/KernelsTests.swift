import Autograd
import Testing

@Suite struct KernelsTests {
  @Test func valuesOfTheEnvironmentVariable() throws {
    for value in [nil, "", "fast"] { #expect(try !Kernels.parse(value)) }
    #expect(try Kernels.parse("generic"))
    for value in ["Generic", "avx512", " fast"] {
      #expect(throws: KernelsError(value: value)) { try Kernels.parse(value) }
    }
    #expect("\(KernelsError(value: "slow"))" == "DISTTRAIN_KERNELS is \"slow\", expected fast or generic")
  }

  /// As where a program was linked with the library of GCC 11.
  @Test func `loops for instructions older than the processor's make training slower`() {
    let flags: Set = ["sse2", "movbe", "f16c", "avx", "avx2", "bmi1", "bmi2", "fma"]
    #expect(Kernels.warning(instructions: "SSE2 (x86-64)", flags: flags)?.contains("has AVX2") == true)
    #expect(Kernels.warning(instructions: "AVX2 (x86-64-v3)", flags: flags) == nil)
    #expect(Kernels.warning(instructions: "SSE2 (x86-64)", flags: flags.subtracting(["avx2"])) == nil)
    #expect(Kernels.warning(instructions: Kernels.instructions, flags: ["asimd"]) == nil)
  }

  @Test func aChoiceHoldsForItsBody() {
    let before = Kernels.summary
    Kernels.choosing(generic: true) {
      #expect(Kernels.summary.hasPrefix("generic"))
      Kernels.choosing(generic: false) { #expect(Kernels.summary.hasPrefix("fast")) }
      #expect(Kernels.summary.hasPrefix("generic"))
    }
    #expect(Kernels.summary == before)
  }
}
