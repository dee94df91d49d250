import Autograd
import Foundation
import TestSupport
import Testing

/// The gamma function and its derivatives at their limits, on the processor and a GPU.
@Suite struct GammaFunctionTests {
  @Test func limits() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      for dtype in [DataType.float32, .float64] {
        func values(_ numbers: [Double], _ function: (Tensor) -> Tensor) -> [Double] {
          function(Tensor(numbers, dtype: dtype).to(device)).array(of: Double.self)
        }
        #expect(values([1, 2, 0, -3, .infinity]) { $0.lgamma() } == [0, 0, .infinity, .infinity, .infinity])
        let slopes = values([0, -0.0, -2, .nan, .infinity]) { $0.digamma() }
        #expect(slopes[0] == -.infinity && slopes[1] == .infinity && slopes[2].isNaN && slopes[3].isNaN)
        #expect(slopes[4] == .infinity)
        #expect(values([0, -2, .infinity]) { $0.polygamma(1) } == [.infinity, .infinity, 0])
        #expect(values([.nan]) { $0.polygamma(3) }[0].isNaN)
      }
    }
  }

  @Test func knownValues() {
    let (euler, catalan) = (0.577_215_664_901_532_86, 0.915_965_594_177_219_02)
    func expect(_ found: Tensor, _ expected: Double) { #expect(abs(found.item() / expected - 1) < 1e-15 * 4) }
    expect(Tensor(1.0, dtype: .float64).digamma(), -euler)
    expect(Tensor(0.5, dtype: .float64).digamma(), -euler - 2 * log(2))
    expect(Tensor(1.0, dtype: .float64).polygamma(1), .pi * .pi / 6)
    expect(Tensor(0.5, dtype: .float64).polygamma(1), .pi * .pi / 2)
    expect(Tensor(0.25, dtype: .float64).polygamma(1), .pi * .pi + 8 * catalan)
    expect(Tensor(1.0, dtype: .float64).polygamma(3), pow(.pi, 4) / 15)
    expect(Tensor(0.5, dtype: .float64).lgamma(), log(.pi) / 2)
  }

  /// By the recurrence ψₙ(x + 1) = ψₙ(x) + (−1)ⁿ · n! / xⁿ⁺¹, on both sides of 0 and of 10, and far from both.
  @Test func derivativesFollowTheirRecurrence() {
    let x = Tensor([-1e7 - 0.25, -20.3, -1.3, -0.25, 0.1, 0.9, 1.5, 9.5, 10.2, 300], dtype: .float64)
    var factorial = 1.0
    for order in 0..<6 {
      if order > 0 { factorial *= Double(order) }
      let step = x.pow(-Double(order) - 1) * (order % 2 == 0 ? factorial : -factorial)
      let found = (x + 1).polygamma(order)
      let expected = x.polygamma(order) + step
      let size = x.polygamma(order).abs() + step.abs() + 1e-3
      #expect(((found - expected).abs() / size).maximum().item() < 2e-14, "order \(order)")
    }
  }

  /// Where the factorial is more than float32 holds, and the sum that it is multiplied by less.
  @Test func largeOrdersInSinglePrecision() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      for order in [30, 40, 100] {
        func values(_ dtype: DataType) -> [Double] {
          Tensor([10.0, 50], dtype: dtype).to(device).polygamma(order).cast(to: .float32).array(of: Double.self)
        }
        #expect(values(.float32) == values(.float64) && values(.float64).allSatisfy { !$0.isNaN }, "order \(order)")
      }
    }
  }

  @Test func ofIntegersTrap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0]).polygamma(-1)
    }
    expect(result, says: "polygamma of order -1")
  }
}
