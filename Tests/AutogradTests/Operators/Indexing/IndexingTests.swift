import Autograd
import Testing

/// Slices, indices, joins and choices.
@Suite struct IndexingTests {
  private let x = Tensor([[0.0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]])

  private func values(_ tensor: Tensor) -> [Int] { tensor.array(of: Int.self) }

  @Test func subscripts() {
    #expect(x[2].shape == [4] && values(x[2]) == [8, 9, 10, 11])
    #expect(x[-1, -4].shape == [] && x[-1, -4].item() == 8)
    #expect(x[1..<3, 0...1].shape == [2, 2] && values(x[1..<3, 0...1]) == [4, 5, 8, 9])
    #expect(x[0..., 1].shape == [3] && values(x[0..., 1]) == [1, 5, 9])
    #expect(values(x[...1, 3...]) == [3, 7] && values(x[..<1]) == [0, 1, 2, 3])
    #expect(x[1..<1].shape == [0, 4])
  }

  @Test func leadingPartsShareMemoryAndOthersDoNot() throws {
    let tensor = Tensor.zeros([3, 4])
    try tensor[1].fill(5)
    try tensor[2..<3, 0..<2].fill(7)
    #expect(throws: AutogradError.copyChangedInPlace) { try tensor[0..., 3].fill(9) }
    #expect(values(tensor) == [0, 0, 0, 0, 5, 5, 5, 5, 7, 7, 0, 0])
  }

  @Test func steps() {
    #expect(values(x.sliced(0..<4, along: 1, step: 3)) == [0, 3, 4, 7, 8, 11])
    #expect(values(x.sliced(1..<3, step: 2)) == [4, 5, 6, 7])
    #expect(x.split(3, along: 1).map(\.shape) == [[3, 3], [3, 1]])
  }

  @Test func stepsBeyondTheEnd() {
    let x = Tensor((0..<6).map(Float.init), shape: [3, 2])
    #expect(x.sliced(0..<3, step: .max).array(of: Float.self) == [0, 1])
    #expect(x.sliced(1..<3, along: 1, step: .max).array(of: Float.self) == [1, 3, 5])
    #expect(x.sliced(3..<3, step: .max).shape == [0, 2])
  }

  @Test func changeOfASliceInPlaceIsNoticed() throws {
    let weight = Tensor.ones([2, 2], requiresGrad: true)
    let product = weight * weight
    try noGrad { try weight[0].fill(3) }
    #expect(throws: AutogradError.changedInPlace(operation: "MulBackward0")) { try product.sum().backward() }
  }

  @Test func joins() {
    let joined = Tensor.concatenated([x, Tensor([[12, 13], [14, 15], [16, 17]])], dimension: -1)
    #expect(joined.dtype == .float32 && joined.shape == [3, 6] && values(joined[1]) == [4, 5, 6, 7, 14, 15])
    let stacked = Tensor.stacked([Tensor([1, 2]), Tensor([3, 4])], dimension: -1)
    #expect(stacked.dtype == .int64 && stacked.shape == [2, 2] && values(stacked) == [1, 3, 2, 4])
    #expect(values(Tensor.concatenated([Tensor([true]), Tensor([false, true])])) == [1, 0, 1])
    #expect(Tensor.stacked([Tensor(1.0), Tensor(2.0)]).shape == [2])
  }

  @Test func indices() {
    #expect(values(x.selected(Tensor([2, 0, 2]), along: 0)[0..., 0]) == [8, 0, 8])
    #expect(values(x.selected(Tensor([3, 1]), along: 1)) == [3, 1, 7, 5, 11, 9])
    #expect(values(x.gathered(Tensor([[2, 0], [1, 1]]), along: 1)) == [2, 0, 5, 5])
    #expect(values(x.gathered(Tensor([[2, 0, 1]]), along: 0)) == [8, 1, 6])
    #expect(values(x.embedding(Tensor([[1], [0]]))) == [4, 5, 6, 7, 0, 1, 2, 3])
  }

  @Test func repeatedIndicesAddTheirGradients() throws {
    let table = Tensor.ones([3, 2], requiresGrad: true)
    try table.embedding(Tensor([2, 0, 2])).sum().backward()
    #expect(table.grad?.array(of: Int.self) == [1, 1, 0, 0, 2, 2])
    try table.embedding(Tensor([1])).sum().backward()
    #expect(table.grad?.array(of: Int.self) == [1, 1, 1, 1, 2, 2])
  }

  @Test func rangesBeyondTheEnd() throws {
    let x = Tensor.arange(5)
    #expect(values(x[3..<9]) == [3, 4] && values(x[3...]) == [3, 4] && values(x[..<9]) == [0, 1, 2, 3, 4])
    #expect(values(x[3...9]) == [3, 4] && values(x[...9]) == [0, 1, 2, 3, 4])
    #expect(x[7..<9].shape == [0] && x[6...].shape == [0] && x[5...].shape == [0])
    #expect(values(x.sliced(1..<100, step: 2)) == [1, 3])
    let tracked = Tensor([[1.0, 2], [3, 4]], requiresGrad: true)
    try tracked[1..<5, 1..<5].sum().backward()
    #expect(tracked.grad?.array(of: Float.self) == [0, 0, 0, 1])
  }

  @Test func comparisons() {
    let (a, b) = (Tensor([1, .nan, 3, 3]), Tensor([2, .nan, 3, 1]))
    func truths(_ tensor: Tensor) -> [Bool] { tensor.array(of: Bool.self) }
    #expect((a .== b).dtype == .bool && truths(a .== b) == [false, false, true, false])
    #expect(truths(a .!= b) == [true, true, false, true])
    #expect(truths(a .< b) == [true, false, false, false] && truths(a .<= b) == [true, false, true, false])
    #expect(truths(a .> b) == [false, false, false, true] && truths(a .>= b) == [false, false, true, true])
    #expect(truths(a .> 1) == [false, false, true, true] && truths(a .<= 1) == [true, false, false, false])
    #expect(truths(Tensor([1, 2]) .== Tensor([[1.0], [2.0]])) == [true, false, false, true])
    #expect(truths(!(Tensor([true, false]) .== Tensor([true, true]))) == [false, true])
    #expect(truths(Tensor([1, 2]) .< 1.5) == [true, false])
  }

  @Test func selection() throws {
    let mask = Tensor([[true], [false]])
    #expect(values(.select(mask, Tensor([1, 2]), Tensor([3, 4]))) == [1, 2, 3, 4])
    let x = Tensor([-1.0, 4], requiresGrad: true)
    let roots = Tensor.select(x.detached() .> 0, x, .ones([2])).sqrt()
    try roots.sum().backward()
    #expect(x.grad?.array(of: Double.self) == [0, 0.25])
    #expect(values(x.detached().filled(with: 9, where: x .< 0)) == [9, 4])
  }

  @Test func tiesGoToTheFirstAlongADimensionAndAreSharedOverall() throws {
    let x = Tensor([1.0, 2, 2, 1], requiresGrad: true)
    try x.maximum(along: 0).values.backward()
    try x.minimum(along: 0).values.backward()
    #expect(x.grad?.array(of: Float.self) == [1, 1, 0, 0])
    x.grad = nil
    try x.maximum().backward()
    #expect(x.grad?.array(of: Float.self) == [0, 0.5, 0.5, 0])
    #expect(x.argmax(0).item() == 1 && x.argmin(0).item() == 0)
    let whole = Tensor([[3, 7, 7], [-1, -5, -5]])
    #expect(values(whole.maximum(along: 1).values) == [7, -1] && values(whole.argmin(1)) == [0, 1])
  }

  @Test func order() {
    let x = Tensor([3.0, 1, 2, 1])
    #expect(values(x.sorted().values) == [1, 1, 2, 3] && values(x.sorted().indices) == [1, 3, 2, 0])
    #expect(values(x.sorted(descending: true).indices) == [0, 2, 1, 3])
    #expect(values(x.topK(2).values) == [3, 2] && values(x.topK(2).indices) == [0, 2])
    #expect(values(Tensor([5, 4, 6]).sorted().values) == [4, 5, 6])
    #expect(values(Tensor([[1, 2], [3, 4]]).cumulativeSum(0)) == [1, 2, 4, 6])
  }
}
