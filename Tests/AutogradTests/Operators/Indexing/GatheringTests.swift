import Autograd
import Testing

/// Elements at indices, and the gradients of that, against plain loops.
@Suite struct GatheringTests {
  /// Of the tensors that are gathered from, [outer, size, inner].
  private static let shapes = [
    [1, 5, 1], [3, 7, 1], [2, 9, 2], [2, 6, 15], [1, 40, 16], [2, 5, 17], [1, 33, 33], [2, 3, 0], [0, 3, 4],
  ]

  private func indices(_ count: Int, below limit: Int) -> [Int] { (0..<count).map { $0 &* 7919 % 1009 % limit } }

  /// Where each element of [outer, picks, inner] comes from, with one index for each.
  private func sources(_ indices: [Int], _ shape: [Int], _ picks: Int) -> [Int] {
    (0..<shape[0] * picks * shape[2]).map { (i: Int) -> Int in
      let (outer, column) = (i / (picks * shape[2]), i % shape[2])
      return (outer * shape[1] + indices[i]) * shape[2] + column
    }
  }

  private func expectGathered<T: TensorElement & Equatable>(_ shape: [Int], _ picks: Int, _ element: (Int) -> T) {
    let elements = (0..<shape.reduce(1, *)).map(element)
    let x = Tensor(elements, shape: shape)
    let each = indices(shape[0] * picks * shape[2], below: shape[1])
    let gathered = x.gathered(Tensor(each, shape: [shape[0], picks, shape[2]]), along: 1)
    #expect(gathered.array(of: T.self) == sources(each, shape, picks).map { elements[$0] })

    let shared = indices(picks, below: shape[1])
    let repeated = each.indices.map { shared[$0 / shape[2] % picks] }
    let selected = x.selected(Tensor(shared, shape: [picks]), along: 1)
    #expect(selected.array(of: T.self) == sources(repeated, shape, picks).map { elements[$0] })
  }

  @Test(arguments: shapes, [1, 8, 19]) func gathersElementsOfEveryType(shape: [Int], picks: Int) {
    expectGathered(shape, picks) { Float($0) }
    expectGathered(shape, picks) { Double($0) }
    expectGathered(shape, picks) { Int64($0) << 33 }
    expectGathered(shape, picks) { UInt8(truncatingIfNeeded: $0) }
    expectGathered(shape, picks) { $0 % 3 == 0 }
  }

  @Test func bitsStayAsTheyAre() {
    let x = Tensor([-0.0, Float.nan, .infinity, .leastNonzeroMagnitude], shape: [4])
    let bits = x.gathered(Tensor([3, 2, 1, 0, 0]), along: 0).array(of: Float.self).map(\.bitPattern)
    let expected: [Float] = [.leastNonzeroMagnitude, .infinity, .nan, -0.0, -0.0]
    #expect(bits == expected.map(\.bitPattern))
  }

  private func expectGradients<T: TensorElement & BinaryFloatingPoint>(_: T.Type, _ shape: [Int], _ picks: Int) throws {
    let count = shape[0] * picks * shape[2]
    let each = indices(count, below: shape[1])
    let gradients = (0..<count).map { T($0 % 23) / 7 }
    var expected = [T](repeating: 0, count: shape.reduce(1, *))
    for (source, gradient) in zip(sources(each, shape, picks), gradients) { expected[source] += gradient }

    let places = Tensor(each, shape: [shape[0], picks, shape[2]])
    let values = Tensor(gradients, shape: places.shape)
    let leaf = Tensor([T](repeating: 0, count: expected.count), shape: shape)
    leaf.requiresGrad = true
    try leaf.gathered(places, along: 1).backward(gradient: values)
    #expect(leaf.grad?.array(of: T.self) == expected)
    #expect(leaf.detached().scatterAdded(values, at: places, along: 1).array(of: T.self) == expected)

    let shared = indices(picks, below: shape[1])
    let repeated = each.indices.map { shared[$0 / shape[2] % picks] }
    var expectedOfShared = [T](repeating: 0, count: expected.count)
    for (source, gradient) in zip(sources(repeated, shape, picks), gradients) { expectedOfShared[source] += gradient }
    leaf.grad = nil
    try leaf.selected(Tensor(shared, shape: [picks]), along: 1).backward(gradient: values)
    #expect(leaf.grad?.array(of: T.self) == expectedOfShared)
  }

  @Test(arguments: shapes, [1, 8, 19]) func addsGradientsOfElements(shape: [Int], picks: Int) throws {
    try expectGradients(Float.self, shape, picks)
    try expectGradients(Double.self, shape, picks)
  }
}
