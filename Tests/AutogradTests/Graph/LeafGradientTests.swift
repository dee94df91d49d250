import Autograd
import Testing

/// How a gradient becomes the `grad` of a leaf.
@Suite struct LeafGradientTests {
  /// The operators that a backward pass makes, the first of which copies the caller's gradient.
  private func works(_ body: () throws -> Void) rethrows -> [String] {
    let profiler = Profiler()
    try profiler.record(body)
    return profiler.events.compactMap { if case .work(let work) = $0.kind { work.name } else { nil } }
  }

  @Test func `what nothing else holds is not copied`() throws {
    let x = Tensor.rand([3, 4], requiresGrad: true)
    let y = x.flipped([1])
    let gradient = Tensor(Array(0..<12).map(Float.init), shape: [3, 4])
    #expect(try works { try y.backward(gradient: gradient) } == ["convert", "copy"])
    #expect(x.grad?.array(of: Float.self) == [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8])
    // Another pass adds to it in place.
    let z = x.flipped([1])
    #expect(try works { try z.backward(gradient: gradient) } == ["convert", "copy", "add"])
    #expect(x.grad?.array(of: Float.self) == [6, 4, 2, 0, 14, 12, 10, 8, 22, 20, 18, 16])
  }

  @Test func `what is given by an operator is not copied`() throws {
    let x = Tensor.rand([3, 4], requiresGrad: true)
    let y = x.softmax(1)
    let gradient = Tensor.rand([3, 4])
    #expect(try works { try y.backward(gradient: gradient) } == ["convert", "softmaxGradient"])
  }

  @Test func `the caller's gradient stays its own`() throws {
    let x = Tensor.rand([3, 4], requiresGrad: true)
    let gradient = Tensor.ones([12])
    try x.reshaped([12]).backward(gradient: gradient)
    try #require(x.grad).fill(7)
    #expect(gradient.array(of: Float.self) == Array(repeating: 1, count: 12))
  }

  @Test func `leaves share no gradient`() throws {
    let x = Tensor.rand([4], requiresGrad: true), y = Tensor.rand([4], requiresGrad: true)
    try (x + y).flipped([0]).backward(gradient: Tensor.ones([4]))
    try #require(x.grad).fill(7)
    #expect(y.grad?.array(of: Float.self) == [1, 1, 1, 1])
  }

  @Test func `a result's retained gradient is not the leaf's`() throws {
    let x = Tensor.rand([4], requiresGrad: true)
    let y = x.reshaped([2, 2])
    y.retainGrad()
    try y.flipped([0]).backward(gradient: Tensor.ones([2, 2]))
    try #require(x.grad).fill(7)
    #expect(y.grad?.array(of: Float.self) == [1, 1, 1, 1])
  }

  @Test func `a part that is a gradient can be changed in place`() throws {
    let x = Tensor.rand([4, 6], requiresGrad: true), y = Tensor.rand([4, 2], requiresGrad: true)
    try Tensor.concatenated([x, y], dimension: 1).backward(gradient: Tensor.ones([4, 8]))
    try #require(x.grad).fill(3)
    #expect(x.grad?.sum().item() == 72)
    #expect(y.grad?.sum().item() == 8)
  }
}
