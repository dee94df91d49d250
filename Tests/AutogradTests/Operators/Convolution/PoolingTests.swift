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

  /// Rows of many neighbouring windows are averaged by vectors, with the bits of each window alone.
  @Test(arguments: [15, 16, 17, 31, 40], [DataType.float32, .float64])
  func neighbouringWindowsAverageAsEachAlone(width: Int, dtype: DataType) throws {
    let x = Tensor.randn([1, 2, 4, width], generator: RandomGenerator(seed: 1)).cast(to: dtype)
    x.requiresGrad = true
    let means = x.averagePool2d((3, 5), stride: (2, 1), padding: (1, 2))
    #expect(means.shape == [1, 2, 2, width])
    let padded = x.detached().padded([(1, 1), (2, 2)])
    let weights = Tensor.randn(means.shape, generator: RandomGenerator(seed: 2)).cast(to: dtype)
    var gradient = [Double](repeating: 0, count: 2 * 4 * width)
    for channel in 0..<2 {
      for row in 0..<2 {
        for column in 0..<width {
          let window = padded[0..., channel..<channel + 1, 2 * row..<2 * row + 3, column..<column + 5]
          #expect(window.averagePool2d((3, 5)).item() == means[0, channel, row, column].item())
          let part = weights[0, channel, row, column].item() / 15
          for i in max(0, 2 * row - 1)..<min(4, 2 * row + 2) {
            for j in max(0, column - 2)..<min(width, column + 3) { gradient[(channel * 4 + i) * width + j] += part }
          }
        }
      }
    }
    let found = try gradients(of: means, withRespectTo: [x], gradient: weights)[0].array(of: Double.self)
    let tolerance = dtype == .float32 ? 1e-6 : 1e-15
    for (a, b) in zip(found, gradient) { #expect(abs(a - b) < tolerance) }
  }
}
