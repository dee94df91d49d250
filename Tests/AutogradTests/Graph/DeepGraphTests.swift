import Autograd
import Testing

/// Graphs as deep as memory allows, and memory that does not grow.
@Suite struct DeepGraphTests {
  private static let depth = 100_000

  private func chain(_ x: Tensor, _ operation: (Tensor) -> Tensor) -> Tensor {
    (0..<Self.depth).reduce(x) { y, _ in operation(y) }
  }

  @Test func backwardThroughADeepGraph() throws {
    let x = Tensor([1.0], requiresGrad: true)
    try chain(x) { $0 + 1 }.sum().backward()
    #expect(x.grad?.item() == 1)
  }

  @Test func aDeepGraphIsReleasedWithoutBackward() {
    weak var first: Tensor?
    do {
      let x = Tensor([1.0], requiresGrad: true)
      first = x
      // Multiplication keeps its inputs in the backward function besides the edges.
      _ = chain(x) { $0 * 1.00001 }
      _ = chain(x) { $0 * $0.sigmoid() }
    }
    #expect(first == nil)
  }

  @Test func aDeepGraphIsReleasedThroughSavedOutputs() throws {
    weak var first: Tensor?
    do {
      let x = Tensor([0.5], requiresGrad: true)
      first = x
      let y = chain(x) { $0.tanh() }
      try y.sum().backward(retainGraph: true)
      #expect((x.grad?.item() ?? 0) > 0)
    }
    #expect(first == nil)
  }

  @Test func aDeepGraphOfGradientsIsReleased() throws {
    weak var first: Tensor?
    do {
      let x = Tensor([1.0], requiresGrad: true)
      first = x
      let y = (0..<20_000).reduce(x) { y, _ in y * 1.00001 }
      let slope = try gradients(of: y.sum(), withRespectTo: [x], createGraph: true)[0]
      #expect(slope.item() > 1)
    }
    #expect(first == nil)
  }

  /// In a process of its own, since the count is of all threads.
  @Test func memoryDoesNotGrowOverSteps() async {
    await #expect(processExitsWith: .success) {
      let weight = Tensor([1.0], requiresGrad: true)
      let (x, target) = (Tensor([1.0, 2.0, 3.0]), Tensor([2.0, 4.0, 6.0]))
      let optimizer = SGD([weight], learningRate: 0.001, momentum: 0.9)
      var total = 0.0
      func step() throws {
        let difference = x * weight - target
        let loss = (difference * difference).sum()
        optimizer.zeroGrad()
        try loss.backward()
        optimizer.step()
        total += loss.item()
      }
      for _ in 0..<3 { try step() }
      let before = tensorMemoryByteCount
      for _ in 0..<500 { try step() }
      precondition(tensorMemoryByteCount == before, "\(tensorMemoryByteCount - before) bytes more after 500 steps")
      precondition(total > 0)
    }
  }
}
