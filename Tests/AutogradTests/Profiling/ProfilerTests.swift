import Autograd
import Foundation
import Testing

@Suite struct ProfilerTests {
  /// The operators of a profiler's events.
  private func works(_ profiler: Profiler) -> [OperatorWork] {
    profiler.events.compactMap { if case .work(let work) = $0.kind { work } else { nil } }
  }

  private func names(_ profiler: Profiler) -> [String] { works(profiler).map(\.name) }

  @Test(arguments: DifferentiatedOperators.table.keys.sorted())
  func `recording changes no bits`(_ name: String) throws {
    let operation = try #require(DifferentiatedOperators.table[name])
    let profiler = Profiler()
    let expected = try operation().firstDerivativeError()
    let found = try profiler.record { try operation().firstDerivativeError() }
    #expect(found == expected)
    #expect(!profiler.events.isEmpty && profiler.events.allSatisfy { $0.depth == 0 && $0.nanoseconds >= 0 })
  }

  @Test func `a linear layer's products are known by their sizes`() throws {
    let (x, weight) = (Tensor.rand([8, 5]), Tensor.rand([3, 5]))
    x.requiresGrad = true
    weight.requiresGrad = true
    let profiler = Profiler()
    try profiler.record {
      let y = profiled(.forward) { x.linear(weight).sum() }
      try profiled(.backward) { try y.backward() }
    }
    let products = works(profiler).filter { $0.name.hasPrefix("matmul") }
    #expect(products.map(\.name) == ["matmul a·bᵀ", "matmul a·b", "matmul aᵀ·b"])
    #expect(products.map { "\($0.extent)" } == ["8 × 3 × 5", "8 × 5 × 3", "3 × 5 × 8"])
    #expect(products.allSatisfy { $0.flops == 2 * 8 * 3 * 5 && $0.bytes == 4 * (8 * 5 + 3 * 5 + 8 * 3) })
  }

  @Test func `events lie within those that enclose them`() throws {
    let profiler = Profiler()
    profiler.record {
      profiled(.step) {
        profiled(.forward) { _ = Tensor.ones([10]) * 2 + 1 }
        profiled(.optimizer) {}
      }
    }
    var enclosing: [ProfileEvent] = []
    for event in profiler.events {
      enclosing.removeSubrange(event.depth...)
      if let outer = enclosing.last { #expect(outer.start <= event.start && event.end <= outer.end) }
      enclosing.append(event)
    }
    #expect(profiler.events.map(\.depth).max() == 2)
    // A number becomes a tensor of one element first.
    #expect(names(profiler).suffix(4) == ["fill", "multiply", "fill", "add"])
    profiler.removeAll()
    #expect(profiler.events.isEmpty)
  }

  @Test func `what an operator is made of counts as itself`() throws {
    let (x, weight) = (Tensor.rand([2, 1, 8, 8]), Tensor.rand([32, 1, 3, 3]))
    x.requiresGrad = true
    func record(generic: Bool) throws -> [String] {
      let profiler = Profiler()
      try Kernels.choosing(generic: generic) {
        try profiler.record { try x.pooledConv2d(weight, bias: .zeros([32]), padding: (1, 1)).sum().backward() }
      }
      return names(profiler)
    }
    let fused = try record(generic: false)
    #expect(fused.contains("pooledConv2d") && fused.contains("pooledConv2dGradient") && !fused.contains("conv2d"))
    let separate = try record(generic: true)
    #expect(!separate.contains("pooledConv2d") && separate.contains("conv2d") && separate.contains("maxPool2d"))
  }

  /// Of the four places of each window one has a gradient, or none where ReLU clipped.
  @Test func `a pooled convolution's gradients count the places that have one`() throws {
    func flops(bias: Double, needsInput: Bool) throws -> Int? {
      let (x, weight) = (Tensor.ones([3, 4, 9, 7]), Tensor.ones([16, 4, 3, 3]))
      weight.requiresGrad = true
      x.requiresGrad = needsInput
      let profiler = Profiler()
      try Kernels.choosing(generic: false) {
        try profiler.record { try x.pooledConv2d(weight, bias: .full([16], bias)).sum().backward() }
      }
      return try #require(works(profiler).first { $0.name == "pooledConv2dGradient" }).flops
    }
    let entries = 3 * 16 * 3 * 2
    #expect(try flops(bias: 1, needsInput: false) == 2 * entries * 4 * 9)
    #expect(try flops(bias: 1, needsInput: true) == 2 * 2 * entries * 4 * 9)
    #expect(try flops(bias: -1000, needsInput: true) == 0)
  }

  @Test func `only the thread that asks is recorded`() {
    let profiler = Profiler()
    profiler.record {
      let thread = Thread { _ = Tensor.ones([7]) - 1 }
      thread.start()
      while !thread.isFinished { usleep(1000) }
    }
    _ = Tensor.ones([3]) + 1
    #expect(profiler.events.isEmpty)
    profiler.record { _ = Tensor.ones([3]) + 1 }
    #expect(names(profiler) == ["fill", "fill", "add"])
  }
}
