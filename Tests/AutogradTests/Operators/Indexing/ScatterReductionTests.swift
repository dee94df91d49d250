import Autograd
import TestSupport
import Testing

/// What several values for one place become, beyond the fixtures.
@Suite struct ScatterReductionTests {
  private let reductions: [ScatterReduction] = [.mean, .maximum, .minimum]

  private func onBothDevices(_ body: (Device) throws -> Void) throws {
    try body(.cpu)
    try body(EmulatedGPU.device())
  }

  @Test func notANumberReachesItsPlaceAlone() throws {
    try onBothDevices { device in
      let values = Tensor([1.0, .nan, 3, 4]).to(device), places = Tensor([0, 0, 2, 2]).to(device)
      let x = Tensor([2.0, 7, 5]).to(device)
      for reduction in reductions {
        for includingSelf in [false, true] {
          let found = x.scattered(values, at: places, along: 0, by: reduction, includingSelf: includingSelf)
            .array(of: Float.self)
          #expect(found[0].isNaN && found[1] == 7 && found[2].isFinite)
        }
      }
    }
  }

  @Test func valuesThatIndicesDoNotReachAreLeftOut() throws {
    try onBothDevices { device in
      let values = Tensor([[1.0, 2, 100], [3, 4, 100]]).to(device), indices = Tensor([[0, 0]]).to(device)
      let x = Tensor.full([2, 3], 3, device: device)
      func found(_ reduction: ScatterReduction) -> [Float] {
        x.scattered(values, at: indices, along: 1, by: reduction).array()
      }
      #expect(found(.mean) == [2, 3, 3, 3, 3, 3])
      #expect(found(.maximum) == [3, 3, 3, 3, 3, 3])
      #expect(found(.minimum) == [1, 3, 3, 3, 3, 3])
      let none = Tensor.zeros([2, 0], dtype: .int64, device: device)
      for reduction in reductions {
        #expect(x.scattered(values, at: none, along: 1, by: reduction).array(of: Float.self) == x.array(of: Float.self))
      }
    }
  }

  @Test func whatIsRefused() async {
    let values = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).scattered(.ones([2, 1]), at: .zeros([2, 2], dtype: .int64), along: 1, by: .mean)
    }
    expect(values, says: "scattered: values of shape [2, 1] in float32, expected at least [2, 2] in float32")
  }
}
