import Autograd
import Testing

/// Assignments to parts of tensors, and what in their place would be lost.
@Suite struct PartAssignmentTests {
  private func values(_ tensor: Tensor) -> [Int] { tensor.array(of: Int.self) }

  @Test func partsAreReplaced() {
    let x = Tensor.zeros([2, 3])
    x[0] = Tensor([1.0, 2, 3])
    #expect(values(x) == [1, 2, 3, 0, 0, 0])
    x[0..., -1] = Tensor(7)
    #expect(values(x) == [1, 2, 7, 0, 0, 7])
    x[0..., 0..<2] = Tensor([[8], [9]])
    #expect(values(x) == [8, 8, 7, 9, 9, 7])
    x[1, 1] = Tensor(4.5, dtype: .float64)
    #expect(x[1, 1].item() == 4.5 && x.dtype == .float32)
    x[0..., 0..<0] = Tensor(1)
    x[] = Tensor(3)
    #expect(values(x) == [3, 3, 3, 3, 3, 3])
  }

  @Test func otherTypesAreConverted() {
    let labels = Tensor([1, 2, 3])
    labels[1...] = Tensor([7.9, -7.9])
    #expect(values(labels) == [1, 7, -7])
    let mask = Tensor([true, true])
    mask[0] = Tensor(false)
    #expect(mask.array(of: Bool.self) == [false, true])
  }

  @Test func whatOverlapsIsReadFirst() {
    let x = Tensor([1, 2, 3, 4])
    x[1...] = x[..<3]
    #expect(values(x) == [1, 1, 2, 3])
  }

  /// Values by PyTorch.
  @Test func gradientsFlowToBoth() throws {
    let x = Tensor([[1.0, 2, 3], [4, 5, 6]], requiresGrad: true)
    let w = Tensor([10.0, 20], requiresGrad: true)
    let y = x * 2
    y[0..., 1] = w
    #expect(y.gradientFunction?.name == "CopySlices" && values(y) == [2, 10, 6, 8, 20, 12])
    y.retainGrad()
    try (y * y * Tensor([[1, 2, 3], [4, 5, 6]])).sum().backward()
    #expect(x.grad.map(values) == [8, 0, 72, 128, 0, 288])
    #expect(w.grad.map(values) == [40, 200])
    #expect(y.grad.map(values) == [4, 40, 36, 64, 200, 144])
  }

  @Test func resultsAreCollectedInZeros() throws {
    let (v, s) = (Tensor([2.0, 3], requiresGrad: true), Tensor(5.0, requiresGrad: true))
    let result = Tensor.zeros([2, 2])
    result[0] = v
    result[1] = result[0].cloned() * v
    #expect(values(result) == [2, 3, 4, 9])
    try result.sum().backward()
    #expect(v.grad.map(values) == [5, 7])
    let wide = Tensor.zeros([2, 3])
    wide[1, 0..<2] = s
    try (wide * Tensor.arange(6).reshaped([2, 3])).sum().backward()
    #expect(s.grad?.item() == 7)
  }

  @Test func aKeptGradientIsThatAfterTheAssignment() throws {
    let x = Tensor([1.0, 2], requiresGrad: true)
    let y = x * 3
    y.retainGrad()
    y[0] = Tensor(7)
    try (y * y).sum().backward()
    #expect(y.grad.map(values) == [14, 12] && x.grad.map(values) == [0, 36])
  }

  @Test func nothingIsRecordedWithoutGradients() throws {
    let x = Tensor([1.0, 2], requiresGrad: true)
    noGrad { x[0] = Tensor(5.0) }
    #expect(x.isLeaf && x.requiresGrad && values(x) == [5, 2])
    let y = Tensor.zeros([2])
    noGrad { y[1] = x[0] }
    #expect(!y.requiresGrad && values(y) == [0, 5])
  }

  @Test func aSavedTensorIsNotAssignedTo() {
    let x = Tensor([1.0, 2], requiresGrad: true)
    let y = x.exp()
    y[0] = Tensor(1)
    #expect(throws: AutogradError.changedInPlace(operation: "ExpBackward0")) { try y.sum().backward() }
  }

  @Test func copiesAreNotChangedForTheirTensor() throws {
    let x = Tensor.arange(6).reshaped([2, 3])
    let error = #expect(throws: AutogradError.copyChangedInPlace) { try x[0..., 0].fill(1) }
    #expect(error?.description.contains("t[0..., 0] = value") == true)
    #expect(throws: AutogradError.copyChangedInPlace) { try x.transposed()[1].fill(3) }
    #expect(throws: AutogradError.copyChangedInPlace) { try x.diagonal() += 1 }
    #expect(throws: AutogradError.copyChangedInPlace) { try x[0..., 1...].copyElements(from: Tensor(1)) }
    #expect(values(x) == [0, 1, 2, 3, 4, 5])
    try x.transposed().cloned().fill(3)
    try x[1].fill(9)
    try x[0, 1..<3] *= 2
    #expect(values(x) == [0, 2, 4, 9, 9, 9])
  }

  @Test func leavesMadeOfCopiesAreChanged() throws {
    let x = Tensor([[1.0, 2], [3, 4]])
    let (leaf, buffer, frozen) = (x[0..., 0], Buffer(x.transposed()), Parameter(x[0..., 1], requiresGrad: false))
    frozen.withMutableElements(of: Float.self) { $0[1] = 6 }
    #expect(values(frozen) == [2, 6])
    leaf.requiresGrad = true
    try noGrad { try leaf += 1 }
    try buffer.fill(5)
    #expect(values(leaf) == [2, 4] && values(buffer) == [5, 5, 5, 5] && values(x) == [1, 2, 3, 4])
  }

  @Test func gradientsAreTheCallersToChange() throws {
    let x = Tensor.ones([2, 3], requiresGrad: true)
    let gradient = try gradients(of: x.transposed(), withRespectTo: [x], gradient: .ones([3, 2]))[0]
    try gradient *= 2
    #expect(values(gradient) == [2, 2, 2, 2, 2, 2])
  }

  @Test func aLeafIsProtected() async {
    let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor([1.0, 2], requiresGrad: true)[0] = Tensor(3)
    }
    expect(result, says: "a leaf that requires gradients", "noGrad")
  }

  @Test func anotherViewOfTheMemoryIsNoticed() async {
    let after = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let y = Tensor.zeros([2, 3])
      let row = y[0]
      y[0] = Tensor.ones([3], requiresGrad: true)
      _ = row * Tensor.ones([3], requiresGrad: true)
    }
    expect(after, says: "the memory of a tensor of shape [3] was assigned to through another tensor")
    let whole = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      let y = Tensor.zeros([2, 3])
      y[0][1] = Tensor(1.0, requiresGrad: true)
      _ = y + Tensor(1.0, requiresGrad: true)
    }
    expect(whole, says: "the memory of a tensor of shape [2, 3] was assigned to through another tensor")
  }

  @Test func whatDoesNotFitTraps() async {
    let shapes = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2, 3])[0] = Tensor.zeros([2, 3])
    }
    expect(shapes, says: "shape [2, 3] does not broadcast to the part of shape [3]")
    let copy = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2, 3]).transposed()[0] = Tensor(1)
    }
    expect(copy, says: "a copy of a part of a tensor")
    let elements = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor.zeros([2, 3])[0..., 1].withMutableElements(of: Float.self) { $0[0] = 1 }
    }
    expect(elements, says: "a copy of a part of a tensor")
    let integers = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
      Tensor([1, 2])[0] = Tensor(1.0, requiresGrad: true)
    }
    expect(integers, says: "int64", "detach it first")
  }
}
