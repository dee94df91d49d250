import Autograd
import Testing

@Suite struct GradientHookTests {
  @Test func aHookOnALeafSeesTheGradientOfThePass() throws {
    let x = Tensor([3.0], requiresGrad: true)
    var seen: [Double] = []
    x.registerHook {
      seen.append($0.item())
      return nil
    }
    // Two uses: the hook sees their sum, once; and not what was there before.
    for _ in 0..<2 { try (x * 2 + x * 5).sum().backward() }
    #expect(seen == [7, 7])
    #expect(x.grad?.item() == 14)
  }

  @Test func hooksReplaceGradientsInOrder() throws {
    let x = Tensor([1.0], requiresGrad: true)
    let y = x * 3
    y.registerHook { $0 * 10 }
    y.registerHook { $0 + 1 }
    x.registerHook { $0 * 2 }
    y.retainGrad()
    try y.sum().backward()
    #expect(y.grad?.item() == 11)
    #expect(x.grad?.item() == 66)
  }

  /// What a view of the same shape passes on is not all that its operand gets.
  @Test func aHookOnAViewOfTheSameShapeIsNotOneOnItsOperand() throws {
    let views: [(Tensor) -> Tensor] = [
      { $0.reshaped($0.shape) }, { $0.flattened() }, { $0.expanded(to: $0.shape) }, { $0.split(2)[0] },
    ]
    for view in views {
      let x = Tensor([1.0, 2], requiresGrad: true)
      let y = view(x)
      #expect(!y.isLeaf)
      y.registerHook { $0 * 0 }
      try (x + y).sum().backward()
      #expect(x.grad?.array(of: Double.self) == [1, 1])
    }
  }

  @Test func aRemovedHookIsNotCalled() throws {
    let x = Tensor([1.0], requiresGrad: true)
    let y = x * 3
    var calls = 0
    let onLeaf = x.registerHook { _ in
      calls += 1
      return nil
    }
    let onResult = y.registerHook { _ in
      calls += 1
      return nil
    }
    try y.sum().backward(retainGraph: true)
    #expect(calls == 2)
    onLeaf.remove()
    onResult.remove()
    try y.sum().backward()
    #expect(calls == 2)
    #expect(x.grad?.item() == 6)
  }

  @Test func hooksApplyToCapturedGradients() throws {
    let x = Tensor([1.0], requiresGrad: true)
    x.registerHook { $0 * 5 }
    let y = x * 3
    y.registerHook { $0 * 2 }
    let found = try gradients(of: y.sum(), withRespectTo: [x, y])
    #expect(found.map { $0.item() } == [30, 2])
    #expect(x.grad == nil)
  }

  @Test func aHookOnAParameterInAnArenaRunsBeforeTheReducer() throws {
    final class One: Module { let weight = Parameter(Tensor([1.0, 1.0])) }
    let model = One()
    let arena = ParameterArena(model)
    model.weight.registerHook { $0 * 3 }
    var seen: [Float] = []
    arena.onGradientReady { _ in seen = Array(arena.gradientBuffer(of: Float.self)[..<2]) }
    try (model.weight * Tensor([1.0, 2.0])).sum().backward()
    #expect(seen == [3, 6])
  }

  @Test func misuseTraps() async {
    await #expect(processExitsWith: .failure) { Tensor([1.0]).registerHook { $0 } }
    await #expect(processExitsWith: .failure) {
      let x = Tensor([1.0], requiresGrad: true)
      x.registerHook { _ in Tensor([1.0, 2.0]) }
      try (x * 2).sum().backward()
    }
  }
}
