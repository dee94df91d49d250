import Autograd
import Testing

/// Arithmetic with numbers of the language of any type.
@Suite struct NumberOperandTests {
  private let x = Tensor([1.0, 2, 4])

  private func values(_ tensor: Tensor) -> [Double] { tensor.array(of: Double.self) }

  @Test func variablesOfEveryType() {
    let (whole, single, double) = (2, Float(0.5), 4.0)
    #expect(values(x + whole) == [3, 4, 6] && values(whole - x) == [1, 0, -2])
    #expect(values(x * single) == [0.5, 1, 2] && values(single / x) == [0.5, 0.25, 0.125])
    #expect(values(x / double) == [0.25, 0.5, 1] && values(double * x) == [4, 8, 16])
    #expect(values(x ** whole) == [1, 4, 16] && values(x ** single)[2] == 2)
    #expect((x .== whole).array(of: Bool.self) == [false, true, false])
    #expect((x .>= whole).array(of: Bool.self) == [false, true, true])
    #expect((x * whole).dtype == .float32 && (Tensor([1]) * whole).dtype == .int64)
  }

  @Test func quotientsOfLiteralsAreNotCut() {
    #expect(values(1 / 2 * x) == [0.5, 1, 2])
    #expect(values(x * (1 / 4)) == [0.25, 0.5, 1])
  }

  @Test func largeIntegersAreExact() {
    let large = 1 << 53 + 1
    #expect((Tensor([1]) + large).array(of: Int.self) == [1 << 53 + 2])
    #expect((Tensor([large, large - 1]) .== large).array(of: Bool.self) == [true, false])
  }

  @Test func changesInPlace() throws {
    let (y, count) = (x.cloned(), 2)
    let view = y.reshaped([3, 1])
    try y += 1
    try y *= count
    try y -= 2.5
    try y /= 0.5
    #expect(values(view) == [3, 7, 15])
    let leaf = Tensor([1.0], requiresGrad: true)
    #expect(throws: AutogradError.leafChangedInPlace) { try leaf += 1 }
    #expect(throws: AutogradError.leafChangedInPlace) { try leaf *= count }
  }
}
