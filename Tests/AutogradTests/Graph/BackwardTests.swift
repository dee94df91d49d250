import Autograd
import TestSupport
import Testing

/// The rules of leaves, gradients and backward passes, which are PyTorch's.
@Suite struct BackwardTests {
  @Test func leavesAndResults() throws {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = x * 3
    #expect(x.isLeaf && x.requiresGrad && x.gradientFunction == nil)
    #expect(!y.isLeaf && y.requiresGrad && y.gradientFunction?.name == "MulBackward0")
    #expect(y.detached().isLeaf && !y.detached().requiresGrad)
    #expect(noGrad { x * 3 }.isLeaf && !noGrad { x * 3 }.requiresGrad)
    #expect(noGrad { enableGrad { x * 3 } }.requiresGrad)
    #expect(isGradEnabled && !noGrad { isGradEnabled } && isGradEnabled)
    #expect(Tensor([1.0]).isLeaf && !Tensor([1.0]).requiresGrad)
  }

  @Test func recordingIsSwitchedBackAfterAnError() {
    struct Stop: Error {}
    #expect(throws: Stop.self) { try noGrad { throw Stop() } }
    #expect(isGradEnabled)
  }

  @Test func namesFollowTheGraph() throws {
    let x = Tensor.ones([2, 2], requiresGrad: true)
    let y = x + 2
    let z = y * y * 3
    let out = z.mean()
    #expect(out.gradientFunction?.name == "MeanBackward0")
    let next = try #require(out.gradientFunction?.next.first ?? nil)
    #expect(next.description == "<MulBackward0>")
    #expect(y.gradientFunction?.next.map { $0?.name } == [nil, nil])
    try out.backward()
    #expect(x.grad?.array(of: Float.self) == [4.5, 4.5, 4.5, 4.5])
    #expect(y.grad == nil && out.grad == nil)
  }

  @Test func gradientsAddUpUntilForgotten() throws {
    let x = Tensor([3.0], requiresGrad: true)
    for expected in [6.0, 12.0, 18.0] {
      try (x * x).sum().backward()
      #expect(x.grad?.item() == expected)
    }
    x.grad = nil
    try (x * x).sum().backward()
    #expect(x.grad?.item() == 6)
  }

  @Test func aGraphCanBeWalkedAgainOnlyWhenRetained() throws {
    let x = Tensor([2.0], requiresGrad: true)
    let y = (x * x * x).sum()
    try y.backward(retainGraph: true)
    #expect(x.grad?.item() == 12)
    try y.backward()
    #expect(x.grad?.item() == 24)
    let error = #expect(throws: AutogradError.graphFreed(operation: "SumBackward0")) { try y.backward() }
    #expect(error?.description.contains("retainGraph: true") == true)
    #expect(x.grad?.item() == 24)
    // The leaf is as good as before for another graph.
    try (x * x).sum().backward()
    #expect(x.grad?.item() == 28)
  }

  @Test func aFreedPartOfAnotherGraphIsNoticed() throws {
    let x = Tensor([2.0], requiresGrad: true)
    let shared = x * x
    try shared.sum().backward()
    #expect(throws: AutogradError.graphFreed(operation: "MulBackward0")) { try (shared * 3).sum().backward() }
    try (x * 5).sum().backward()
    #expect(x.grad?.item() == 9)
  }

  @Test func aResultThatIsNotScalarNeedsAGradient() throws {
    let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    let y = x * x
    #expect(throws: AutogradError.gradientNeeded(shape: [3])) { try y.backward() }
    #expect(throws: AutogradError.gradientShape(given: [2], expected: [3])) {
      try y.backward(gradient: Tensor([1.0, 1.0]))
    }
    try y.backward(gradient: Tensor([1.0, 10.0, 100.0]))
    #expect(x.grad?.array(of: Float.self) == [2, 40, 600])
  }

  @Test func nothingToDifferentiateIsAnError() {
    let x = Tensor([1.0])
    #expect(throws: AutogradError.nothingRecorded) { try x.sum().backward() }
    #expect(throws: AutogradError.nothingRecorded) { try gradients(of: x.sum(), withRespectTo: [x]) }
    let leaf = Tensor([1.0], requiresGrad: true)
    #expect(throws: AutogradError.nothingRecorded) { try leaf.detached().sum().backward() }
    #expect(throws: AutogradError.nothingRecorded) { try noGrad { leaf.sum() }.backward() }
  }

  @Test func aLeafIsItsOwnGradientsStart() throws {
    let x = Tensor([2.0], requiresGrad: true)
    try x.backward()
    try x.backward()
    #expect(x.grad?.item() == 2)
    #expect(try gradients(of: x, withRespectTo: [x])[0].item() == 1)
    #expect(x.grad?.item() == 2)
  }

  @Test func integersRequireNoGradients() {
    let labels = Tensor([1, 2])
    #expect(throws: AutogradError.gradientOfIntegers(.int64)) { try labels.setRequiresGrad(true) }
    #expect(!labels.requiresGrad)
    #expect(throws: AutogradError.gradientOfIntegers(.bool)) { try Tensor([true]).setRequiresGrad(true) }
  }

  @Test func onlyLeavesCanBeSwitchedOff() throws {
    let x = Tensor([1.0], requiresGrad: true)
    let y = x * 2
    #expect(throws: AutogradError.notALeaf) { try y.setRequiresGrad(false) }
    try x.setRequiresGrad(false)
    #expect(!(x * 2).requiresGrad)
  }

  @Test func gradientsOfIntermediateResultsAreKeptOnRequest() throws {
    let x = Tensor([3.0], requiresGrad: true)
    let y = x * x
    y.retainGrad()
    x.retainGrad()
    let z = (y * 2).sum()
    try z.backward(retainGraph: true)
    #expect(y.grad?.item() == 2)
    #expect(x.grad?.item() == 12)
    try z.backward()
    #expect(y.grad?.item() == 4)
  }

  @Test func sharedWeightsGetTheSumOfTheirUses() throws {
    let weight = Parameter(Tensor([[1.0, 2.0], [3.0, 4.0]]))
    let bias = Parameter(Tensor([1.0, 1.0]))
    let arena = ParameterArena(Tied(weight: weight, bias: bias))
    var ready: [Int] = []
    arena.onGradientReady { ready.append($0) }
    let x = Tensor([[1.0, -1.0]])
    func loss() -> Tensor { x.linear(weight, bias: bias).linear(weight, bias: bias).sum() }
    try loss().backward()
    let expected = try jacobian(
      of: { x.linear($0[0], bias: $0[1]).linear($0[0], bias: $0[1]).sum() }, at: [weight, bias])
    #expect(weight.grad?.array(of: Float.self) == expected[0].array(of: Float.self))
    #expect(bias.grad?.array(of: Float.self) == expected[1].array(of: Float.self))
    #expect(ready == [0, 1])
    // A second pass before the step adds to the flat array.
    try loss().backward()
    #expect(weight.grad?.array(of: Float.self) == expected[0].array(of: Float.self).map { 2 * $0 })
    #expect(arena.gradientBuffer(of: Float.self)[arena.ranges[0].lowerBound] == bias.grad?.array(of: Float.self)[0])
    arena.zeroGrad()
    try loss().backward()
    #expect(weight.grad?.array(of: Float.self) == expected[0].array(of: Float.self))
  }

  private final class Tied: Module {
    let weight: Parameter
    let bias: Parameter

    init(weight: Parameter, bias: Parameter) {
      self.weight = weight
      self.bias = bias
    }
  }

  @Test func recordedGradientsReachTheArenaToo() throws {
    let weight = Parameter(Tensor([2.0, 3.0]))
    let arena = ParameterArena(Tied(weight: weight, bias: Parameter(Tensor([0.0]))))
    try (weight * weight * weight).sum().backward(createGraph: true)
    let place = arena.ranges[1].lowerBound
    #expect(Array(arena.gradientBuffer(of: Float.self)[place..<place + 2]) == [12, 27])
    #expect(weight.grad?.requiresGrad == true)
  }

  /// A product that is written to where one of its factors lies would be of what is there by then.
  @Test func aGradientThatIsAFactorOfWhatIsAddedToIt() throws {
    let weight = Tensor.randn([300, 300], dtype: .float64, generator: RandomGenerator(seed: 1))
    weight.requiresGrad = true
    try (weight * weight).sum().backward()
    let gradient = try #require(weight.grad)
    let before = gradient.cloned()
    try gradient.linear(weight).sum().backward()
    #expect((try #require(weight.grad) - before - before.sum([0])).abs().maximum().item() < 1e-10)
  }

  /// What a pass starts with is read by operations that come after the first that adds to `grad`.
  @Test func aPassThatStartsWithTheGradientOfALeaf() throws {
    for device in [.cpu, try EmulatedGPU.device()] {
      let before = Tensor.randn([40, 40], dtype: .float64, generator: RandomGenerator(seed: 1)).to(device)
      let x = Tensor.randn([40, 40], dtype: .float64, generator: RandomGenerator(seed: 2)).to(device)
      let weight = Tensor.ones([40, 40], dtype: .float64, device: device)
      let other = Tensor.ones([40, 40], dtype: .float64, device: device)
      for leaf in [weight, other] { leaf.requiresGrad = true }
      func gradient(_ result: Tensor) throws -> Tensor {
        weight.grad = before.cloned()
        try result.backward(gradient: weight.grad)
        return try #require(weight.grad) - before
      }
      let difference = try gradient(x.linear(weight)) - before.transposed().matmul(x)
      #expect(difference.abs().maximum().item() < 1e-12)
      #expect(try (gradient(weight + other) - before).abs().maximum().item() < 1e-12)
      #expect(try (#require(other.grad) - before).abs().maximum().item() < 1e-12)
    }
  }
}
