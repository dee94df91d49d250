import Autograd
import Testing

/// What the notes on tensors, optimizers and modules compute.
struct ModuleSeedTests {
  private let x1 = Tensor([2.0])
  private let w1 = Tensor([3.0], requiresGrad: true)
  private let w2 = Tensor([4.0], requiresGrad: true)
  private let w3 = Tensor([5.0], requiresGrad: true)

  private func loss() -> Tensor {
    let x2 = w1 * x1
    let x3 = (w2 * x2).relu()
    let x4 = w3 * x3
    return (x4 - Tensor([1.0])) ** 2
  }

  @Test func productOfIntegerVectors() {
    let product = Tensor([2, 0]).matmul(Tensor([1, 2]))
    #expect("\(product)" == "tensor(2)")
    #expect(product.dtype == .int64)
  }

  @Test func gradientOfAnExponent() throws {
    let x2 = x1 ** w1
    #expect("\(x2)" == "tensor([8.], grad_fn=<PowBackward1>)")
    try x2.backward()
    #expect("\(try #require(w1.grad))" == "tensor([5.5452])")
  }

  @Test func gradientsOfAThreeLayerNetwork() throws {
    try loss().backward()
    #expect("\([w1, w2, w3].compactMap(\.grad))" == "[tensor([9520.]), tensor([7140.]), tensor([5712.])]")
  }

  @Test func aTrackedLeafIsNotChangedInPlace() throws {
    try loss().backward()
    let gradient = try #require(w1.grad)
    let error = #expect(throws: AutogradError.leafChangedInPlace) { try w1 -= 0.01 * gradient }
    #expect(error?.description.contains("noGrad") == true)
    #expect("\(w1)" == "tensor([3.], requires_grad=True)")
    try noGrad { try w1 -= 0.01 * gradient }
    #expect("\(w1)" == "tensor([-92.2000], requires_grad=True)")
    try w1.detached().fill(3)
    #expect("\(w1)" == "tensor([3.], requires_grad=True)")
  }

  @Test func anOptimizerOfAListOfTensors() throws {
    let optimizer = SGD([w1, w2, w3], learningRate: 0.01)
    try loss().backward()
    try loss().backward()
    #expect("\(try #require(w1.grad))" == "tensor([19040.])")
    optimizer.zeroGrad()
    #expect(w1.grad == nil)
    try loss().backward()
    optimizer.step()
    #expect("\([w1, w2, w3].map { $0.detached() })" == "[tensor([-92.2000]), tensor([-67.4000]), tensor([-52.1200])]")
  }

  /// With this learning rate the documents' own loop runs away, in PyTorch as here.
  @Test func theLoopRunsAwayAsInPyTorch() throws {
    let optimizer = SGD([w1, w2, w3], learningRate: 0.01)
    var losses: [String] = []
    for _ in 0..<4 {
      let loss = loss()
      try loss.backward()
      optimizer.step()
      optimizer.zeroGrad()
      losses.append("\(loss.detached())")
    }
    #expect(losses == ["tensor([14161.])", "tensor([4.1962e+11])", "tensor([inf])", "tensor([inf])"])
    #expect("\(w1)" == "tensor([nan], requires_grad=True)")
  }

  @Test func detachingCutsTheGraph() throws {
    let x2 = w1 * x1
    try (w2 * x2.detached()).backward()
    #expect(w1.grad == nil)
    #expect(!x2.detached().requiresGrad && x2.requiresGrad)
    #expect("\(try #require(w2.grad))" == "tensor([6.])")
  }

  private final class ThreeWeights: Module, Layer {
    let w1 = Parameter(Tensor([3.0]))
    let w2 = Parameter(Tensor([4.0]))
    let w3 = Parameter(Tensor([5.0]))

    func callAsFunction(_ x: Tensor) -> Tensor { w3 * (w2 * (w1 * x)).relu() }
  }

  @Test func parametersAreFoundByThemselves() throws {
    let model = ThreeWeights()
    #expect(model.namedParameters().map(\.name) == ["w1", "w2", "w3"])
    try ((model(x1) - 1) ** 2).backward()
    #expect(model.parameters.compactMap { $0.grad?.item() } == [9520, 7140, 5712])
    #expect("\(model.w1)" == "Parameter containing:\ntensor([3.], requires_grad=True)")
  }

  private final class OneFixedWeight: Module {
    let w1 = Tensor([1.0])
    let w2 = Parameter(Tensor([1.0]))

    func callAsFunction(_ x: Tensor) -> (hidden: Tensor, output: Tensor) {
      let hidden = x * w1
      return (hidden, hidden * w2)
    }
  }

  @Test func onlyTheParameterLearns() throws {
    let model = OneFixedWeight()
    #expect(model.namedParameters().map(\.name) == ["w2"])
    let optimizer = SGD(model.parameters, learningRate: 0.01)
    var lines: [String] = []
    var outputs: [String] = []
    for epoch in 1...20 {
      let (hidden, output) = model(Tensor([1.0]))
      let loss = (output - Tensor([2.0])) ** 2
      try loss.backward()
      optimizer.step()
      optimizer.zeroGrad()
      #expect(hidden.item() == 1 && model.w1.item() == 1)
      lines.append("\(loss.item().fixed(4)) \(model.w2.item().fixed(4))")
      if epoch == 1 || epoch.isMultiple(of: 5) { outputs.append("\(output.item())") }
    }
    #expect(
      lines == [
        "1.0000 1.0200", "0.9604 1.0396", "0.9224 1.0588", "0.8858 1.0776", "0.8508 1.0961", "0.8171 1.1142",
        "0.7847 1.1319", "0.7536 1.1492", "0.7238 1.1663", "0.6951 1.1829", "0.6676 1.1993", "0.6412 1.2153",
        "0.6158 1.2310", "0.5914 1.2464", "0.5680 1.2614", "0.5455 1.2762", "0.5239 1.2907", "0.5031 1.3049",
        "0.4832 1.3188", "0.4641 1.3324",
      ])
    #expect(
      outputs == ["1.0", "1.0776318311691284", "1.1662522554397583", "1.2463581562042236", "1.3187673091888428"])
  }
}
