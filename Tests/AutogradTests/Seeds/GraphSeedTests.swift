import Autograd
import Testing

/// What the notebook on backpropagation and Jacobians computes.
struct GraphSeedTests {
  @Test func gradientFunctionsAndGradient() throws {
    let x = Tensor.ones([2, 2], requiresGrad: true)
    let y = x + 2
    let z = y * y * 3
    let out = z.mean()
    #expect("\(x)" == "tensor([[1., 1.],\n        [1., 1.]], requires_grad=True)")
    #expect(x.gradientFunction == nil)
    #expect("\(y)" == "tensor([[3., 3.],\n        [3., 3.]], grad_fn=<AddBackward0>)")
    #expect("\(try #require(y.gradientFunction))" == "<AddBackward0>")
    #expect("\(z)" == "tensor([[27., 27.],\n        [27., 27.]], grad_fn=<MulBackward0>)")
    #expect("\(out)" == "tensor(27., grad_fn=<MeanBackward0>)")

    try out.backward()
    #expect("\(try #require(x.grad))" == "tensor([[4.5000, 4.5000],\n        [4.5000, 4.5000]])")
  }

  @Test func backwardOfAVectorNeedsAGradient() throws {
    let x = Tensor([1.0, 2.0, 3.0], requiresGrad: true)
    let v = Tensor.stacked([x[0] * x[1], x[1] * x[2], x.sum() ** 2])
    #expect("\(v)" == "tensor([ 2.,  6., 36.], grad_fn=<StackBackward0>)")
    #expect(throws: AutogradError.gradientNeeded(shape: [3])) { try v.backward() }
    try v.backward(gradient: Tensor([1.0, 0.1, 0.01]))
    #expect("\(try #require(x.grad))" == "tensor([2.1200, 1.4200, 0.3200])")
  }

  @Test func jacobianOfAVectorFunction() throws {
    let matrix = try jacobian(
      of: { x in Tensor.stacked([x[0] * x[1], x[1] * x[2], x.sum() ** 2]) }, at: Tensor([1.0, 2.0, 3.0]))
    #expect(
      "\(matrix)" == """
        tensor([[ 2.,  1.,  0.],
                [ 0.,  3.,  2.],
                [12., 12., 12.]])
        """)
  }

  @Test func derivedByHandAndByBackward() throws {
    let (x, y) = (Tensor([[1.0], [2.0], [3.0]]), Tensor([[2.0], [4.0], [6.0]]))
    for (weight, bias) in [(0.5, 0.1), (-3.0, 2.0), (1.75, 0.0)] {
      let w = Tensor(weight, requiresGrad: true)
      let b = Tensor(bias, requiresGrad: true)
      try ((y - (w * x + b)) ** 2).mean().backward()
      let byHand = noGrad { (-2 * ((y - (w * x + b)) * x).mean(), -2 * (y - (w * x + b)).mean()) }
      let (dw, db) = (try #require(w.grad?.item()), try #require(b.grad?.item()))
      #expect(abs(dw - byHand.0.item()) <= 2e-7 * max(1, abs(dw)))
      #expect(abs(db - byHand.1.item()) <= 2e-7 * max(1, abs(db)))
      if weight == 0.5 { #expect(dw.fixed(4) == "-13.6000" && db.fixed(4) == "-5.8000") }
    }
  }

  @Test(arguments: [0, 1, 7, 42, 420, 2024] as [UInt64]) func linearRegressionFromAnySeed(seed: UInt64) throws {
    manualSeed(seed)
    let (x, y) = (Tensor([[1.0], [2.0], [3.0]]), Tensor([[2.0], [4.0], [6.0]]))
    let model = Linear(1, 1)
    let optimizer = SGD(model.parameters, learningRate: 0.01)
    for _ in 0..<1000 {
      let loss = meanSquaredError(model(x), y)
      optimizer.zeroGrad()
      try loss.backward()
      optimizer.step()
    }
    let prediction = model(Tensor([[4.0]]))
    #expect(prediction.gradientFunction?.name == "AddmmBackward0")
    #expect((7.87...8.03).contains(prediction.item()), "\(prediction)")
    if seed == 0 { #expect("\(prediction)" == "tensor([[7.9186]], grad_fn=<AddmmBackward0>)") }
  }
}
