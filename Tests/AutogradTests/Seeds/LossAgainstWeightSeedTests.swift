import Autograd
import Testing

/// What the study notes on backpropagation compute: y = x · w, trained one sample at a time.
struct LossAgainstWeightSeedTests {
  private func loss(_ x: Double, _ w: Tensor, _ y: Double) -> Tensor { (x * w - y) ** 2 }

  @Test func weightsAndLossesOfOneHundredEpochs() throws {
    let w = Tensor([1.0], requiresGrad: true)
    var weights: [Double] = []
    var losses: [Double] = []
    for _ in 0..<100 {
      for (x, y) in [(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)] {
        let l = loss(x, w, y)
        weights.append(w.item())
        losses.append(l.item())
        try l.backward()
        let gradient = try #require(w.grad)
        try noGrad { try w -= 0.01 * gradient }
        try gradient.fill(0)
      }
    }
    #expect(weights.count == 300)
    #expect(weights.prefix(4) == [1.0, 1.0199999809265137, 1.0983999967575073, 1.260688066482544])
    #expect(losses.prefix(4) == [1.0, 3.841600179672241, 7.315943717956543, 0.5465821623802185])
    #expect(weights.suffix(2) == [1.9999996423721313, 1.9999996423721313])
    #expect(losses.suffix(3) == [1.2789769243681803e-13, 5.115907697472721e-13, 9.094947017729282e-13])
  }

  @Test func summingNumbersDoesNotGrowTheGraph() {
    let w = Tensor([1.0], requiresGrad: true)
    var sum = 0.0
    weak var recorded: Tensor?
    for _ in 0..<3 {
      let l = loss(2, w, 4)
      sum += l.item()
      recorded = l
    }
    #expect(sum == 12)
    #expect(recorded == nil)

    var tracked = Tensor([0.0])
    for _ in 0..<3 { tracked = tracked + loss(2, w, 4) }
    #expect(tracked.requiresGrad && tracked.gradientFunction?.next.first??.name == "AddBackward0")
  }
}
