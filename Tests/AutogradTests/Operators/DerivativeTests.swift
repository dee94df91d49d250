import Autograd
import Testing

/// First and second derivatives of every operator against finite differences, in double precision.
@Suite struct DerivativeTests {
  @Test(arguments: DifferentiatedOperators.table.keys.sorted())
  func firstDerivative(name: String) throws {
    let operation = try #require(DifferentiatedOperators.table[name])
    #expect(try operation().firstDerivativeError() < 1e-7, "\(name)")
  }

  @Test(arguments: DifferentiatedOperators.table.keys.sorted())
  func secondDerivative(name: String) throws {
    let operation = try #require(DifferentiatedOperators.table[name])
    #expect(try operation().secondDerivativeError() < 1e-6, "\(name)")
  }

  /// Operators have a fused gradient for passes that are not recorded, and one made of operators for those that are.
  @Test(arguments: DifferentiatedOperators.table.keys.sorted())
  func gradientDoesNotDependOnRecording(name: String) throws {
    let operation = try #require(DifferentiatedOperators.table[name])
    #expect(try operation().recordingError() < 1e-12, "\(name)")
  }

  @Test func aWrongDerivativeIsFound() throws {
    let x = Tensor([0.3, -0.7], dtype: .float64)
    let cut = DifferentiatedFunction([x]) { $0[0] * $0[0].detached() }
    #expect(try cut.firstDerivativeError() > 0.1)
    let halfCut = DifferentiatedFunction([x]) { $0[0] * $0[0] * $0[0].detached() + $0[0].exp() }
    #expect(try halfCut.secondDerivativeError() > 0.1)
  }
}
