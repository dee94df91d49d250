import Autograd
import TestSupport
import Testing

/// Rows of a tensor by tensors of their numbers, taken and assigned to.
@Suite struct IndexedPartTests {
  private func values(_ x: Tensor) -> [Double] { x.array(of: Double.self) }

  @Test func rowsHaveTheShapeOfTheirNumbers() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let x = Tensor.arange(6).reshaped([3, 2]).to(device)
      let rows = x[Tensor([[2, -3], [-1, 1]]).to(device)]
      #expect(rows.shape == [2, 2, 2] && values(rows) == [4, 5, 0, 1, 4, 5, 2, 3] && rows.device == device)
      #expect(x[Tensor(1).to(device)].shape == [2])
      #expect(x[Tensor.zeros([0]).cast(to: .int64).to(device)].shape == [0, 2])
      #expect(values(x.cast(to: .bool)[Tensor([0]).to(device)]) == [0, 1])
    }
  }

  @Test func rowsAreReplaced() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let x = Tensor.zeros([3, 2]).to(device)
      x[Tensor([2, 0]).to(device)] = Tensor([[1.0, 2], [3, 4]]).to(device)
      #expect(values(x) == [3, 4, 0, 0, 1, 2])
      x[Tensor([-1]).to(device)] = Tensor(7).to(device)
      #expect(values(x) == [3, 4, 0, 0, 7, 7])
      // The last of several stays.
      x[Tensor([1, 0, 1]).to(device)] = Tensor([[1.0], [2], [3]]).to(device)
      #expect(values(x) == [2, 2, 3, 3, 7, 7])
      x[Tensor.zeros([0]).cast(to: .int64).to(device)] = Tensor(9).to(device)
      #expect(values(x) == [2, 2, 3, 3, 7, 7])
    }
    let numbers = Tensor([1, 2, 3])
    numbers[Tensor([0, 2])] = Tensor([8, 9])
    #expect(numbers.array(of: Int.self) == [8, 2, 9])
  }

  @Test func gradientsFlow() throws {
    let (x, rows) = (
      Tensor([[1.0, 2], [3, 4], [5, 6]], requiresGrad: true), Tensor([[7.0, 8]], requiresGrad: true)
    )
    let selected = x[Tensor([2, 0, 2])]
    #expect(values(selected) == [5, 6, 1, 2, 5, 6])
    try (selected * Tensor([[1], [2], [3]])).sum().backward()
    #expect(x.grad.map(values) == [2, 2, 0, 0, 4, 4])
    x.grad = nil
    let y = x * x
    let places = Tensor([0, 2])
    y[places] = rows
    #expect(y.gradientFunction?.name == "IndexPutBackward0")
    // What the caller does to the numbers afterwards changes nothing.
    try places.fill(1)
    try (y * Tensor.arange(6).reshaped([3, 2])).sum().backward()
    #expect(x.grad.map(values) == [0, 0, 12, 24, 0, 0] && rows.grad.map(values) == [4, 6])
  }

  @Test func derivativesAreThoseOfDifferences() throws {
    manualSeed(3)
    let (x, w) = (Tensor.randn([4, 3], dtype: .float64), Tensor.randn([2, 3], dtype: .float64))
    func replaced(_ x: Tensor, _ w: Tensor) -> Tensor {
      let y = x.sin()
      y[Tensor([3, 1])] = w.exp()
      return y * y[Tensor([1, -1, 1])].sum() * x
    }
    try checkGradients(of: { replaced($0[0], $0[1]) }, at: [x, w])
    try checkSecondGradients(of: { replaced($0[0], $0[1]) }, at: [x, w])
  }

  /// What was written over has no share in the result.
  @Test func replacedValuesHaveNoGradient() throws {
    for device in [Device.cpu, try EmulatedGPU.device()] {
      let values = Tensor([[1.0], [2], [3], [4]]).to(device)
      values.requiresGrad = true
      let x = Tensor.zeros([3, 2]).to(device)
      x[Tensor([[1, 0], [-2, 1]]).to(device)] = values.reshaped([2, 2, 1])
      try (x * Tensor.arange(6).reshaped([3, 2]).cast(to: .float32).to(device)).sum().backward()
      #expect(values.grad.map(self.values) == [0, 1, 0, 5] && values.grad?.device == device)
    }
    manualSeed(4)
    let (x, w) = (Tensor.randn([4, 3], dtype: .float64), Tensor.randn([3, 3], dtype: .float64))
    func replaced(_ x: Tensor, _ w: Tensor) -> Tensor {
      let y = x.sin()
      y[Tensor([3, 1, -1])] = w.exp()
      return y * y[Tensor([1, -1, 1])].sum() * x
    }
    try checkGradients(of: { replaced($0[0], $0[1]) }, at: [x, w])
    try checkSecondGradients(of: { replaced($0[0], $0[1]) }, at: [x, w])
  }

  @Test func whatIsNoRowTraps() async {
    let taken = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0, 2])[Tensor([0, 2])]
    }
    expect(taken, says: "subscript: index 2 is out of range for dimension 0 of shape [2]")
    let assigned = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2, 3])[Tensor([2])] = Tensor(0)
    }
    expect(assigned, says: "subscript: row 2 of a tensor of shape [2, 3]")
    let before = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1.0, 2])[Tensor([-3])]
    }
    expect(before, says: "subscript: index -3 is out of range for dimension 0 of shape [2]")
    let assignedBefore = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2, 3])[Tensor([-3])] = Tensor(0)
    }
    expect(assignedBefore, says: "subscript: row -3 of a tensor of shape [2, 3]")
    let scalar = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor(1.0)[Tensor([0])]
    }
    expect(scalar, says: "for a tensor without dimensions")
    let values = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([3])[Tensor([0, 1])] = Tensor([1.0, 2, 3])
    }
    expect(values, says: "shapes [2] and [3] do not broadcast together")
  }
}
