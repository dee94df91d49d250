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
