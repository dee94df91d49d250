import Autograd
import TestSupport
import Testing

@Suite struct PoolingTests {
  /// Its maximum is that of nothing, and no element has an influence on it.
  @Test(arguments: [DataType.float32, .float64]) func windowsOfPaddingAlone(dtype: DataType) throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      func leaf(_ elements: [Double]) -> Tensor {
        let x = Tensor(elements, shape: [1, 1, 1, 4]).cast(to: dtype).to(device)
        x.requiresGrad = true
        return x
      }
      let x = leaf([1, 2, 3, 4]), gradient = leaf([5, 6, 7, 8])
      let y = x.maxPool2d((2, 2), stride: (1, 1), padding: (1, 1), dilation: (2, 2))
      #expect(y.array(of: Double.self) == [Double](repeating: -.infinity, count: 4))
      let first = try gradients(of: y, withRespectTo: [x], gradient: gradient, createGraph: true)[0]
      #expect(first.array(of: Double.self) == [0, 0, 0, 0], "\(device)")
      let second = try gradients(of: (first * x).sum(), withRespectTo: [gradient])[0]
      #expect(second.array(of: Double.self) == [0, 0, 0, 0], "\(device)")
    }
  }
}
