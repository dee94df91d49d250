import Autograd
import Testing

/// What "Some notes on backpropagation" computes: a derivative, a linear model by hand, a small network.
struct GradientDescentSeedTests {
  @Test func derivativeOfAPolynomial() throws {
    let x = Tensor(2.0, requiresGrad: true)
    let y = x ** 2 + 3 * x + 1
    try y.backward()
    #expect("\(try #require(x.grad))" == "tensor(7.)")
  }

  @Test func aStepOfALinearModelByHand() throws {
    let x = Tensor([[3.0, 2.0, 1.0], [1.3, 2.4, 3.7]])
    let target = Tensor([[5.0], [2.0]])
    let w = Tensor([[1.0], [1.0], [1.0]], requiresGrad: true)
    let b = Tensor([[0.0]], requiresGrad: true)

    let prediction = x.matmul(w) + b
    let loss = 0.5 * (prediction - target).pow(2).mean()
    #expect(prediction.shape == [2, 1] && target.shape == [2, 1] && loss.shape == [])
    #expect("\(loss)" == "tensor(7.5400, grad_fn=<MulBackward0>)")

    try loss.backward()
    let (wGrad, bGrad) = (try #require(w.grad), try #require(b.grad))
    #expect("\(wGrad)" == "tensor([[ 5.0100],\n        [ 7.4800],\n        [10.4900]])")
    #expect("\(bGrad.item())" == "3.200000286102295")

    try noGrad {
      try w -= 0.1 * wGrad
      try b -= 0.1 * bGrad
    }
    try wGrad.fill(0)
    try bGrad.fill(0)
    #expect("\(w)" == "tensor([[ 0.4990],\n        [ 0.2520],\n        [-0.0490]], requires_grad=True)")
    #expect("\(b.item())" == "-0.320000022649765")
    #expect(w.grad?.array(of: Float.self) == [0, 0, 0])
  }

  private final class SimpleNet: Module, Layer {
    let fc1 = Linear(4, 8)
    let fc2 = Linear(8, 1)

    func callAsFunction(_ x: Tensor) -> Tensor { fc2(fc1(x).relu()) }
  }

  @Test func aSmallNetworkBeforeAndDuringTraining() throws {
    manualSeed(42)
    let x = Tensor.randn([10, 4])
    let y = Tensor.randn([10, 1])
    let model = SimpleNet()
    let optimizer = SGD(model.parameters, learningRate: 0.01)
    #expect("\(y)" == Self.targets)
    let before = noGrad { model.evaluate()(x) }
    #expect("\(before)" == Self.predictions)
    #expect("\(before - y)" == Self.differences)
    #expect("\(meanSquaredError(model.train()(x), y))" == "tensor(0.5890, grad_fn=<MseLossBackward0>)")

    var losses: [String] = []
    for epoch in 1...10 {
      let loss = meanSquaredError(model(x), y)
      optimizer.zeroGrad()
      try loss.backward()
      optimizer.step()
      if epoch.isMultiple(of: 2) { losses.append(loss.item().fixed(4)) }
    }
    #expect(losses == ["0.5656", "0.5257", "0.4932", "0.4665", "0.4445"])
  }

  private static let targets = """
    tensor([[-0.0499],
            [ 0.5263],
            [-0.0085],
            [ 0.7291],
            [ 0.1331],
            [ 0.8640],
            [-1.0157],
            [-0.8887],
            [ 0.1498],
            [-0.2089]])
    """

  private static let predictions = """
    tensor([[-0.7204],
            [-0.8232],
            [-0.4771],
            [-0.2774],
            [-0.3740],
            [-0.2620],
            [-0.5669],
            [-0.4316],
            [-0.2425],
            [-0.7539]])
    """

  private static let differences = """
    tensor([[-0.6705],
            [-1.3496],
            [-0.4686],
            [-1.0065],
            [-0.5072],
            [-1.1260],
            [ 0.4488],
            [ 0.4572],
            [-0.3923],
            [-0.5450]])
    """
}
