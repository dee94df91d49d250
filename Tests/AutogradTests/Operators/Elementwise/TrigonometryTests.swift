import Autograd
import TestSupport
import Testing

/// Functions of angles, hyperbolas and bells at their limits, on the processor and a GPU.
@Suite struct TrigonometryTests {
  @Test func limits() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      for dtype in [DataType.float32, .float64] {
        func values(_ numbers: [Double], _ function: (Tensor) -> Tensor) -> [Double] {
          function(Tensor(numbers, dtype: dtype).to(device)).array(of: Double.self)
        }
        let close = dtype == .float32 ? 1e-6 : 1e-15
        let angles = values([-.infinity, .infinity, 1]) { $0.atan() }
        #expect(zip(angles, [-Double.pi / 2, .pi / 2, .pi / 4]).allSatisfy { abs($0 - $1) < close })
        let inverses = values([-1, 1, 2, .nan, 0]) { $0.erfinv() }
        #expect(
          inverses[..<2] == [-.infinity, .infinity] && inverses[2].isNaN && inverses[3].isNaN && inverses[4] == 0)
        #expect(values([1.5]) { $0.asin() }[0].isNaN && values([1.5]) { $0.acos() }[0].isNaN)
        #expect(values([0.5]) { $0.acosh() }[0].isNaN && values([1]) { $0.atanh() }[0] == .infinity)
        let small = values([1e-12]) { $0.expm1() }[0]
        #expect(abs(small - 1e-12) < 1e-18)
        #expect(values([-.infinity]) { $0.sinh() }[0] == -.infinity && values([0]) { $0.cosh() }[0] == 1)
        let directions = values([0, 1, -1]) { $0.atan2(Tensor(-1.0, dtype: dtype).to(device)) }
        #expect(zip(directions, [.pi, 0.75 * .pi, -0.75 * .pi]).allSatisfy { abs($0 - $1) < 4 * close })
      }
    }
  }

  @Test func theOriginHasNoSlope() throws {
    let (y, x) = (Tensor([0.0, 1], requiresGrad: true), Tensor([0.0, 0], requiresGrad: true))
    try y.atan2(x).sum().backward()
    #expect(y.grad?.array(of: Float.self) == [0, 0] && x.grad?.array(of: Float.self) == [0, -1])
  }

  @Test func ofIntegersTrap() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1]).atan2(Tensor([2]))
    }
    expect(result, says: "atan2 is not defined for tensors of int64")
  }
}
