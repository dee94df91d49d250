import Autograd
import TestSupport
import Testing

/// Windows of images beyond the fixtures, and what is refused.
@Suite struct UnfoldingTests {
  @Test func aConvolutionIsAProductWithWindows() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let x = Tensor.randn([2, 3, 7, 6], generator: RandomGenerator(seed: 1)).to(device)
      let weight = Tensor.randn([4, 3, 3, 2], generator: RandomGenerator(seed: 2)).to(device)
      let windows = x.unfolded((3, 2), dilation: (2, 1), padding: (1, 2), stride: (2, 3))
      let product = weight.reshaped([4, 18]).matmul(windows)
      let expected = x.conv2d(weight, stride: (2, 3), padding: (1, 2), dilation: (2, 1))
      #expect(product.count == expected.count)
      for (a, b) in zip(product.array(of: Float.self), expected.array(of: Float.self)) { #expect(abs(a - b) < 1e-5) }
    }
  }

  @Test func foldingCountsTheWindowsOverAPixel() {
    let counts = Tensor.ones([1, 4, 4]).folded(to: (3, 3), (2, 2))
    #expect(counts.array(of: Float.self) == [1, 2, 1, 2, 4, 2, 1, 2, 1])
    #expect(Tensor.ones([0, 4, 4]).folded(to: (3, 3), (2, 2)).shape == [0, 1, 3, 3])
    #expect(Tensor.ones([0, 2, 3, 3]).unfolded((2, 2)).shape == [0, 8, 4])
  }

  @Test func bytesOfImagesAreUnfoldedToo() {
    let x = Tensor.arange(6).cast(to: .uint8).reshaped([1, 1, 2, 3])
    #expect(x.unfolded((2, 2)).array(of: Int.self) == [0, 1, 1, 2, 3, 4, 4, 5])
  }

  @Test func whatIsRefused() async {
    let rank = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([3, 4, 4]).unfolded((2, 2))
    }
    expect(rank, says: "unfolded of shape [3, 4, 4]: needs shape [N, C, H, W]")
    let kernel = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 1, 4, 4]).unfolded((5, 2))
    }
    expect(kernel, says: "unfolded: a kernel of (5, 2) with dilation (1, 1) does not fit an image of 4 × 4")
    let windows = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 4, 3]).folded(to: (3, 3), (2, 2))
    }
    expect(windows, says: "folded to (3, 3) of shape [1, 4, 3] with a window of (2, 2): needs shape [N, C · 4, 4]")
  }
}
