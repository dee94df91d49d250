import Autograd
import TestSupport
import Testing

/// Scattering, repetition and diagonals beyond the fixtures, and what they refuse.
@Suite struct ScatteringTests {
  private func onBothDevices(_ body: (Device) throws -> Void) throws {
    try body(.cpu)
    try body(EmulatedGPU.device())
  }

  /// `torch.zeros(3, 3).scatter(0, [[1, 1], [0, 1]], [[1, 2], [3, 4]])`, which keeps the last value on the processor.
  @Test func ofSeveralValuesTheLastStays() throws {
    try onBothDevices { device in
      let values = Tensor([[1.0, 2], [3, 4]]).to(device)
      values.requiresGrad = true
      let rows = Tensor([[1, 1], [0, 1]]).to(device)
      let y = Tensor.zeros([3, 3], device: device).scattered(values, at: rows, along: 0)
      #expect(y.array(of: Float.self) == [3, 0, 0, 1, 4, 0, 0, 0, 0])
      try (y * y).sum().backward()
      #expect(values.grad?.array(of: Float.self) == [2, 0, 6, 8])
    }
  }

  @Test func valuesThatIndicesDoNotReachAreLeftOut() throws {
    try onBothDevices { device in
      let values = Tensor([[1.0, 2, 100], [3, 4, 100]]).to(device), indices = Tensor([[2, 0]]).to(device)
      let x = Tensor.ones([2, 3], device: device)
      #expect(x.scatterAdded(values, at: indices, along: 1).array(of: Float.self) == [3, 1, 2, 1, 1, 1])
      #expect(x.scattered(values, at: indices, along: 1).array(of: Float.self) == [2, 1, 1, 1, 1, 1])
      let none = Tensor.zeros([2, 0], dtype: .int64, device: device)
      #expect(x.scatterAdded(values, at: none, along: 1).array(of: Float.self) == [1, 1, 1, 1, 1, 1])
      #expect(x.scattered(values, at: none, along: 1).array(of: Float.self) == [1, 1, 1, 1, 1, 1])
    }
  }

  /// What has no elements is still a part of what the result was computed from, and has a gradient.
  @Test func valuesWithoutElementsHaveGradients() throws {
    try onBothDevices { device in
      for (shape, dimension) in [([2, 3], 1), ([2, 0], 1), ([0, 3], 0)] {
        let x = Tensor.ones(shape, device: device), indices = Tensor.zeros([2, 0], dtype: .int64, device: device)
        let none = dimension == 1 ? indices : indices.transposed()
        let values = Tensor.zeros(none.shape, device: device)
        for tensor in [x, values] { tensor.requiresGrad = true }
        let y = x.scattered(values, at: none, along: dimension)
        #expect(y.shape == shape)
        let found = try gradients(of: (y * y).sum(), withRespectTo: [x, values])
        #expect(found[0].array(of: Float.self) == Array(repeating: 2, count: x.count))
        #expect(found[1].shape == none.shape)
      }
    }
  }

  /// As in PyTorch, what has memory of its own when there are several copies has it when there is one.
  @Test func oneCopyIsACopy() throws {
    try onBothDevices { device in
      let x = Tensor.ones([1, 3], device: device)
      let copies = [
        x.tiled([1, 1]), x.elementsRepeated(1, along: 1), x.padded([(0, 0)], by: .replicate), x.padded([(0, 0)]),
        x.rolled(0, along: 1), x.flipped([]), .concatenated([x]),
      ]
      for copy in copies {
        copy[0, 1] = Tensor(7).to(device)
        #expect(copy.array(of: Float.self) == [1, 7, 1])
        #expect(x.array(of: Float.self) == [1, 1, 1])
      }
    }
  }

  /// `x.index_add(1, [2, 0, 2], v)`, whose sums are those of neighbors where indices name nodes.
  @Test func slicesForOnePlaceAreAddedUp() throws {
    try onBothDevices { device in
      let x = Tensor.ones([2, 3], device: device), values = Tensor([[1.0, 2, 3], [4, 5, 6]]).to(device)
      values.requiresGrad = true
      let y = x.slicesAdded(values, at: Tensor([2, 0, 2]).to(device), along: -1)
      #expect(y.array(of: Float.self) == [3, 1, 5, 6, 1, 11])
      try (y * Tensor([[1.0, 2, 3], [4, 5, 6]]).to(device)).sum().backward()
      #expect(values.grad?.array(of: Float.self) == [3, 1, 3, 6, 4, 6])
      let none = Tensor.zeros([0], dtype: .int64, device: device)
      #expect(
        x.slicesAdded(.zeros([0, 3], device: device), at: none, along: 0).array(of: Float.self) == [1, 1, 1, 1, 1, 1])
    }
  }

  @Test func slicesThatDoNotFit() async {
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).slicesAdded(.ones([1, 3]), at: Tensor([0, 1]), along: 0)
    }
    expect(shape, says: "slicesAdded along dimension 0 of shape [2, 3]", "values of shape [1, 3]", "expected [2, 3]")
    let index = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).slicesAdded(.ones([1, 3]), at: Tensor([2]), along: 0)
    }
    expect(index, says: "slicesAdded: index 2 is out of range for dimension 0 of shape [2, 3]")
  }

  @Test func numbersAreScatteredAmongIntegersToo() throws {
    try onBothDevices { device in
      let x = Tensor.arange(4, device: device).scattered(7, at: Tensor([3, 1]).to(device), along: 0)
      #expect(x.dtype == .int64 && x.array(of: Int.self) == [0, 7, 2, 7])
    }
  }

  @Test func repetitionsAndDiagonalsOfIntegers() throws {
    try onBothDevices { device in
      let x = Tensor([[1, 2], [3, 4]]).to(device)
      #expect(x.tiled([2]).array(of: Int.self) == [1, 2, 1, 2, 3, 4, 3, 4] && Tensor(3).tiled([2]).shape == [2])
      #expect(x.elementsRepeated(2, along: -1).array(of: Int.self) == [1, 1, 2, 2, 3, 3, 4, 4])
      #expect(x.elementsRepeated(0, along: 0).shape == [0, 2])
      #expect(x.diagonal().array(of: Int.self) == [1, 4] && x.diagonal(-1).array(of: Int.self) == [3])
      #expect(x.diagonal(2).shape == [0] && x.diagonal(-3).shape == [0] && x[0..<0].diagonal().shape == [0])
    }
  }

  @Test func scatteringThatDoesNotFit() async {
    let shape = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).scatterAdded(.ones([3, 1]), at: .zeros([3, 1], dtype: .int64), along: 1)
    }
    expect(shape, says: "scatterAdded along dimension 1 of shape [2, 3] with indices of shape [3, 1]")
    let values = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).scattered(.ones([2, 1]), at: .zeros([2, 2], dtype: .int64), along: 1)
    }
    expect(values, says: "scattered: values of shape [2, 1] in float32, expected at least [2, 2] in float32")
    let index = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([3]).scattered(1, at: Tensor([3]), along: 0)
    }
    expect(index, says: "scattered: index 3 is out of range for dimension 0 of shape [3]")
    let type = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([3]).scattered(1, at: Tensor([1.0]), along: 0)
    }
    expect(type, says: "scattered needs indices of int64, not float32")
    let integers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor([1, 2]).scatterAdded(Tensor([1]), at: Tensor([0]), along: 0)
    }
    expect(integers, says: "scatterAdded is not defined for tensors of int64")
  }

  @Test func otherArgumentsThatDoNotFit() async {
    let copies = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2]).tiled([-1])
    }
    expect(copies, says: "tiled [-1] times of shape [2]")
    let count = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2]).elementsRepeated(-1, along: 0)
    }
    expect(count, says: "elementsRepeated -1 times of shape [2]")
    let number = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor(1.0).elementsRepeated(2, along: 0)
    }
    expect(number, says: "elementsRepeated needs a tensor with dimensions")
    let vector = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2]).diagonal()
    }
    expect(vector, says: "diagonal of shape [2], which has no matrices")
    let same = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = Tensor.ones([2, 3]).diagonal(along: 1, -1)
    }
    expect(same, says: "diagonal of shape [2, 3] along dimension 1 and itself")
    let integers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      _ = cosineSimilarity(Tensor([[1, 2]]), Tensor([[1, 2]]))
    }
    expect(integers, says: "cosineSimilarity of [1, 2] in int64")
  }
}
