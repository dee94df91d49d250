import Autograd
import TestSupport
import Testing

/// What a mask selects in a subscript, and assignments to it.
@Suite struct MaskedPartTests {
  private func values(_ tensor: Tensor) -> [Int] { tensor.array(of: Int.self) }

  private func onBothDevices(_ body: (Device) throws -> Void) throws {
    try body(.cpu)
    try body(EmulatedGPU.device())
  }

  @Test func elementsAndRows() throws {
    try onBothDevices { device in
      let x = Tensor([[1.0, -2, 3], [-4, 5, -6]]).to(device)
      #expect(x[x .< 0].shape == [3] && values(x[x .< 0]) == [-2, -4, -6])
      let rows = x[Tensor([false, true])]
      #expect(rows.shape == [1, 3] && values(rows) == [-4, 5, -6])
      #expect(x[Tensor(true)].shape == [1, 2, 3])
      #expect(x[x .> 9].shape == [0] && x[Tensor([false, false])].shape == [0, 3])
      #expect(Tensor.zeros([0, 3])[Tensor.zeros([0], dtype: .bool)].shape == [0, 3])
    }
  }

  @Test func partsAreReplaced() throws {
    try onBothDevices { device in
      let x = Tensor([[1.0, -2, 3], [-4, 5, -6]]).to(device)
      x[x .< 0] = Tensor(0)
      #expect(values(x) == [1, 0, 3, 0, 5, 0])
      x[x .> 0] = Tensor([7, 8, 9]).to(device)
      #expect(values(x) == [7, 0, 8, 0, 9, 0])
      x[Tensor([false, true])] = Tensor([4.5, 5.5, 6.5])
      #expect(x.array(of: Float.self) == [7, 0, 8, 4.5, 5.5, 6.5])
      x[x .> 99] = Tensor(1)
      x[x .== 0] = Tensor(-0.0)
      #expect(x.array(of: Float.self)[1].sign == .minus)
      x[x[0..., 0] .> 5] = Tensor(2)
      #expect(x.array(of: Float.self) == [2, 2, 2, 4.5, 5.5, 6.5])
    }
  }

  @Test func otherTypesAreConverted() {
    let labels = Tensor([3, -1, 4])
    labels[labels .< 0] = Tensor(-100.0)
    #expect(labels.dtype == .int64 && values(labels) == [3, -100, 4])
    let mask = Tensor([true, false, true])
    mask[mask] = Tensor([false, true])
    #expect(mask.array(of: Bool.self) == [false, false, true])
  }

  @Test func aMaskMayChangeBeforeTheBackwardPass() throws {
    try onBothDevices { device in
      let x = Tensor([1.0, 2, 3, 4]).to(device)
      let w = Tensor([10.0]).to(device)
      (x.requiresGrad, w.requiresGrad) = (true, true)
      let mask = Tensor([false, true, false, false]).to(device)
      let y = x * 2
      y[mask] = w
      mask[0...] = Tensor(true)
      try y.sum().backward()
      #expect(try values(#require(x.grad)) == [2, 0, 2, 2] && values(#require(w.grad)) == [1])
    }
  }

  /// Values by PyTorch.
  @Test func gradientsFlowToBoth() throws {
    try onBothDevices { device in
      let x = Tensor([[1.0, -2, 3], [-4, 5, -6]]).to(device)
      let w = Tensor([10.0, 20, 30]).to(device)
      (x.requiresGrad, w.requiresGrad) = (true, true)
      let y = x * 2
      y[x .< 0] = w
      #expect(y.gradientFunction?.name == "IndexPutBackward0" && values(y) == [2, 10, 6, 20, 10, 30])
      y.retainGrad()
      try (y * y * Tensor([[1, 2, 3], [4, 5, 6]]).to(device)).sum().backward()
      #expect(x.grad.map(values) == [8, 0, 72, 0, 200, 0])
      #expect(w.grad.map(values) == [40, 160, 360])
      #expect(y.grad.map(values) == [4, 40, 36, 160, 100, 360])
    }
  }

  /// Values by PyTorch.
  @Test func gradientsOfRows() throws {
    let (x, row) = (Tensor([[1.0, 2], [3, 4], [5, 6]], requiresGrad: true), Tensor([7.0, 8], requiresGrad: true))
    let mask = Tensor([true, false, true])
    let y = x * x
    y[mask] = row
    #expect(values(y) == [7, 8, 9, 16, 7, 8])
    try (y * Tensor.arange(6).reshaped([3, 2])).sum().backward()
    #expect(x.grad.map(values) == [0, 0, 12, 24, 0, 0] && row.grad.map(values) == [4, 6])
    x.grad = nil
    let selected = x[mask]
    #expect(selected.gradientFunction?.name == "IndexBackward0")
    try (selected * Tensor([[1, 2], [3, 4]])).sum().backward()
    #expect(x.grad.map(values) == [1, 2, 0, 0, 3, 4])
  }

  @Test func derivativesAreThoseOfDifferences() throws {
    manualSeed(3)
    let (x, w) = (Tensor.randn([4, 3], dtype: .float64), Tensor.randn([2, 3], dtype: .float64))
    let mask = Tensor([false, true, false, true])
    func replaced(_ x: Tensor, _ w: Tensor) -> Tensor {
      let y = x.sin()
      y[mask] = w.exp()
      return y * y[mask].sum() * x
    }
    try checkGradients(of: { replaced($0[0], $0[1]) }, at: [x, w])
    try checkSecondGradients(of: { replaced($0[0], $0[1]) }, at: [x, w])
  }

  @Test func whatDoesNotFitTraps() async {
    let numbers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0, 2])[Tensor([0.0, 1])]
    }
    expect(numbers, says: "a tensor of float32 in a subscript, expected a mask of bool or numbers of rows in int64")
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2, 3])[Tensor([true, false, true])] = Tensor(0)
    }
    expect(shapes, says: "a mask of shape [3] for a tensor of shape [2, 3]")
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([3])[Tensor([true, false, true])] = Tensor([1.0, 2, 3])
    }
    expect(count, says: "shapes [2] and [3] do not broadcast together")
    let leaf = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let x = Tensor([1.0, 2], requiresGrad: true)
      x[x .> 1] = Tensor(3)
    }
    expect(leaf, says: "a leaf that requires gradients", "noGrad")
    let copy = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2, 3])[0..., 1][Tensor([true, false])] = Tensor(1)
    }
    expect(copy, says: "a copy of a part of a tensor")
  }
}
