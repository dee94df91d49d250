import Autograd
import Testing

@Suite struct HigherDerivativeTests {
  @Test func derivativesOfAnyOrder() throws {
    let x = Tensor([2.0], requiresGrad: true)
    var derivative = (x ** 5).sum()
    for expected in [80.0, 160, 240, 240, 120] {
      derivative = try gradients(of: derivative, withRespectTo: [x], createGraph: true)[0].sum()
      #expect(derivative.item() == expected)
    }
    #expect(x.grad == nil)
  }

  @Test func backwardCanBeRecorded() throws {
    let x = Tensor([2.0], requiresGrad: true)
    try (x * x * x).sum().backward(createGraph: true)
    let first = try #require(x.grad)
    #expect(first.item() == 12)
    x.grad = nil
    try first.sum().backward()
    #expect(x.grad?.item() == 12)
  }

  @Test func gradientsWithRespectToResultsAndTwice() throws {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    let y = x * x
    let z = (y * y).sum()
    let found = try gradients(of: z, withRespectTo: [y, x, y])
    #expect(found.map { $0.array(of: Float.self) } == [[2, 8], [4, 32], [2, 8]])
  }

  @Test func anUnusedTensorIsNamed() throws {
    let (x, other) = (Tensor([1.0], requiresGrad: true), Tensor([1.0], requiresGrad: true))
    #expect(throws: AutogradError.unused(index: 1)) { try gradients(of: (x * 2).sum(), withRespectTo: [x, other]) }
    let used = try gradientsIfUsed(of: (x * 2).sum(), withRespectTo: [other, x])
    #expect(used[0] == nil && used[1]?.array(of: Float.self) == [Float](repeating: 2, count: x.count))
    #expect(x.grad == nil && other.grad == nil)
  }

  @Test func theLossOfTheSeeds() throws {
    // z = x², s = σ(z), loss = −(y · log s + (1 − y) · log(1 − s)) with x = 1, y = 2
    let (x, y) = (Tensor([1.0], requiresGrad: true), Tensor([2.0], requiresGrad: true))
    let s = (x * x).sigmoid()
    let loss = -(y * s.log() + (1 - y) * (1 - s).log()).sum()
    let found = try gradients(of: loss, withRespectTo: [y])
    #expect(abs(found[0].item() + 1) < 1e-6)
  }

  @Test func jacobians() throws {
    let x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    let found = try jacobian(of: { $0.sum([0]) * Tensor([1.0, 10.0]) }, at: x)
    #expect(found.shape == [2, 2, 2])
    #expect(found.array(of: Float.self) == [1, 0, 1, 0, 0, 10, 0, 10])
    let several = try jacobian(of: { $0[0] * $0[0] }, at: [Tensor([3.0]), Tensor([1.0, 2.0])])
    #expect(several.map(\.shape) == [[1, 1], [1, 2]])
    #expect(several.map { $0.array(of: Float.self) } == [[6], [0, 0]])
    #expect(try jacobian(of: { _ in Tensor([1.0, 2.0]) }, at: Tensor([1.0])).array(of: Float.self) == [0, 0])
  }

  @Test func hessians() throws {
    let x = Tensor([1.0, 2.0, 3.0])
    let found = try hessian(of: { ($0 * $0 * $0).sum() + $0.sum() * $0.sum() }, at: x)
    #expect(found.shape == [3, 3])
    #expect(found.array(of: Float.self) == [8, 2, 2, 2, 14, 2, 2, 2, 20])
    #expect(try hessian(of: { $0.sum() }, at: x).array(of: Float.self) == Array(repeating: 0, count: 9))
  }

  /// As a penalty of gradients may be written; the numbers are PyTorch's.
  @Test(arguments: [false, true]) func aLossOfTheGradientThatItAddsTo(isSquaredFirst: Bool) throws {
    let x = Tensor([1.0, 2.0], requiresGrad: true)
    try (x * x * x).sum().backward(createGraph: true)
    let g = try #require(x.grad)
    let (square, product) = ((g * g).sum(), (g * x).sum())
    try (isSquaredFirst ? square + product : product + square).backward()
    #expect(x.grad?.array(of: Float.self) == [48, 336])
  }

  @Test func recordedGradientsOfSeveralTensorsAreTheirOwn() throws {
    let (a, b) = (Tensor([1.0], requiresGrad: true), Tensor([1.0], requiresGrad: true))
    try (a + b).sum().backward(createGraph: true)
    try (a * a).sum().backward()
    #expect(a.grad?.item() == 3)
    #expect(b.grad?.item() == 1)
  }
}
