import Autograd
import TestSupport
import Testing

/// Sampling at places of a grid beyond the fixtures, and what is refused.
@Suite struct GridSamplingTests {
  private func onBothDevices(_ body: (Device) throws -> Void) throws {
    try body(.cpu)
    try body(EmulatedGPU.device())
  }

  @Test func theGridOfNoChangeGivesTheImage() throws {
    try onBothDevices { device in
      let x = Tensor.arange(24, device: device).cast(to: .float32).reshaped([2, 1, 3, 4])
      let same = Tensor([[[1.0, 0, 0], [0, 1, 0]]]).to(device).expanded(to: [2, 2, 3])
      for alignsCorners in [false, true] {
        let grid = same.affineGrid(to: (3, 4), alignsCorners: alignsCorners)
        let y = x.sampled(at: grid, alignsCorners: alignsCorners)
        for (a, b) in zip(y.array(of: Float.self), x.array(of: Float.self)) { #expect(abs(a - b) < 1e-5) }
        #expect(
          x.sampled(at: grid, nearest: true, alignsCorners: alignsCorners).array(of: Float.self)
            == x.array(of: Float.self))
      }
    }
  }

  /// What is not looked at does not reach a sample, and neither does it gradients.
  @Test func infinitePixelsAndPlacesStayAmongThemselves() throws {
    try onBothDevices { device in
      let x = Tensor([[[[Double.infinity, 1, 2], [3, 4, 5]]]], dtype: .float32).to(device)
      let grid = Tensor([[[[1.0, 0.5], [-5, 0], [0.5, 0.25], [.infinity, 0], [.nan, .nan]]]], dtype: .float32).to(
        device)
      for tensor in [x, grid] { tensor.requiresGrad = true }
      let y = x.sampled(at: grid, alignsCorners: true)
      #expect(y.array(of: Float.self) == [4.25, 0, 3.375, 0, 0])
      try y.sum().backward()
      #expect(grid.grad?.array(of: Float.self).allSatisfy(\.isFinite) == true)
      #expect(x.grad?.array(of: Float.self)[0] == 0)
      let border = x.sampled(at: grid, repeatsBorder: true, alignsCorners: true)
      #expect(border.array(of: Float.self)[3] == 3.5)
    }
  }

  /// On the processor samples and gradients are one pass each, elsewhere an operation for each step.
  @Test(arguments: [DataType.float32, .float64])
  func onePassGivesWhatTheStepsGive(dtype: DataType) throws {
    func values(_ shape: [Int], seed: UInt64) -> Tensor {
      .rand(shape, dtype: dtype, generator: RandomGenerator(seed: seed)) * 2.8 - 1.4
    }
    for form in 0..<8 {
      func results(_ device: Device) throws -> [[Double]] {
        let x = values([2, 3, 9, 11], seed: 1).to(device), grid = values([2, 30, 20, 2], seed: 2).to(device)
        for tensor in [x, grid] { tensor.requiresGrad = true }
        let y = x.sampled(
          at: grid, nearest: form & 1 != 0, repeatsBorder: form & 2 != 0, alignsCorners: form & 4 != 0)
        try y.backward(gradient: values(y.shape, seed: 3).to(device))
        return try [y, #require(x.grad), #require(grid.grad)].map { $0.array() }
      }
      let expected = try results(EmulatedGPU.device())
      for (found, expected) in try zip(results(.cpu), expected) {
        #expect(found.count == expected.count)
        let bound = dtype == .float32 ? 1e-5 : 1e-13
        for (found, expected) in zip(found, expected) {
          #expect(abs(found - expected) <= bound * max(1, abs(expected)), "form \(form)")
        }
      }
    }
  }

  @Test func emptyBatches() {
    let x = Tensor.ones([0, 2, 3, 3])
    #expect(x.sampled(at: .ones([0, 4, 5, 2])).shape == [0, 2, 4, 5])
    #expect(Tensor.ones([0, 2, 3]).affineGrid(to: (4, 5)).shape == [0, 4, 5, 2])
  }

  @Test func whatIsRefused() async {
    let grid = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 2, 3, 3]).sampled(at: .ones([2, 4, 5, 2]))
    }
    expect(grid, says: "sampled of shape [1, 2, 3, 3] in float32 at a grid of shape [2, 4, 5, 2] in float32")
    let type = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 2, 3, 3]).sampled(at: .ones([1, 4, 5, 2], dtype: .float64))
    }
    expect(type, says: "at a grid of shape [1, 4, 5, 2] in float64", "of the same type")
    // The number of its last column would be rounded to one beyond.
    let width = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 0, 1, (1 << 24) + 4]).sampled(at: .ones([1, 1, 1, 2]))
    }
    expect(width, says: "sampled of shape [1, 0, 1, 16777220]: float32 tells at most 16777216 rows or columns")
    let matrix = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([1, 3, 3]).affineGrid(to: (2, 2))
    }
    expect(matrix, says: "affineGrid to (2, 2) of shape [1, 3, 3]: needs shape [N, 2, 3]")
  }
}
