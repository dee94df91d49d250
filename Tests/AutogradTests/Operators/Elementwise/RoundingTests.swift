import Autograd
import TestSupport
import Testing

/// The integers near numbers, as `torch.round`, `floor` and `ceil` give them.
@Suite struct RoundingTests {
  private let numbers = [-2.5, -1.5, -0.4, 0, 0.5, 1.5, 2.5, 2.6, 0x1p52 + 1, -1e300, .infinity]

  @Test func ofTwoThatAreEquallyNearTheEvenOne() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let x = Tensor(numbers, dtype: .float64).to(device)
      let large = [0x1p52 + 1, -1e300, .infinity]
      #expect(x.rounded().array(of: Double.self) == [-2, -2, 0, 0, 0, 2, 2, 3] + large)
      #expect(x.floor().array(of: Double.self) == [-3, -2, -1, 0, 0, 1, 2, 2] + large)
      #expect(x.ceil().array(of: Double.self) == [-2, -1, 0, 0, 1, 2, 3, 3] + large)
      #expect(Tensor([Double.nan]).to(device).rounded().item().isNaN)
      let single = Tensor([0.5, 1.5, -2.5, 8388609]).to(device)
      #expect(single.rounded().array(of: Float.self) == [0, 2, -2, 8388609])
      #expect(single.floor().array(of: Float.self) == [0, 1, -3, 8388609])
      #expect(single.ceil().array(of: Float.self) == [1, 2, -2, 8388609])
    }
    #expect(Tensor([3, -4]).rounded().array(of: Int.self) == [3, -4])
  }

  @Test func slopesAreZeroAndPassStraightThrough() throws {
    let x = Tensor([0.4, 1.6], requiresGrad: true)
    try (x.rounded() + x.floor() + x.ceil()).sum().backward()
    #expect(x.grad?.array(of: Float.self) == [0, 0])
    x.grad = nil
    let quantized = x + (x.rounded() - x).detached()
    #expect(quantized.array(of: Float.self) == [0, 2])
    try (quantized * quantized).sum().backward()
    #expect(x.grad?.array(of: Float.self) == [0, 4])
    #expect(x.rounded().gradientFunction?.name == "RoundBackward0")
    #expect(x.floor().gradientFunction?.name == "FloorBackward0")
    #expect(x.ceil().gradientFunction?.name == "CeilBackward0")
  }
}
