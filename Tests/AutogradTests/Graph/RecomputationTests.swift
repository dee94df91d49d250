import Autograd
import Testing

/// Results that the backward pass computes anew.
@Suite struct RecomputationTests {
  private final class Block: Module, Layer {
    let linear = Linear(4, 4, dtype: .float64)
    let norm = BatchNorm1d(4, dtype: .float64)
    let ownDropout = Dropout(0.3, generator: RandomGenerator(seed: 9))
    let dropout = Dropout(0.5)

    func callAsFunction(_ x: Tensor) -> Tensor { dropout(ownDropout(norm(linear(x)).tanh())) }
  }

  private final class Net: Module {
    let blocks = [Block(), Block()]
    let scale = Parameter(Tensor([1.0, 2, 3, 4], dtype: .float64))

    /// The sum of squares; the scale is used within and outside of what is recomputed.
    func loss(_ x: Tensor, recomputing: Bool) -> Tensor {
      var h = x * scale
      for block in blocks {
        let input = h
        let body = { [self] in block(input) * scale }
        h = recomputing ? recomputed(body) : body()
      }
      return (h * h).sum() + scale.sum()
    }
  }

  private let x = Tensor.randn([6, 4], dtype: .float64, generator: RandomGenerator(seed: 1))

  private func numbers(_ tensor: Tensor?) -> [Double]? { tensor?.array(of: Double.self) }

  /// What two steps leave behind: losses, gradients, buffers, and the next draw.
  private func trace(recomputing: Bool) throws -> [[Double]?] {
    manualSeed(3)
    let net = Net()
    var result: [[Double]?] = []
    for _ in 0..<2 {
      let loss = net.loss(x, recomputing: recomputing)
      try loss.backward()
      result.append([loss.item()])
    }
    result += net.parameters.map { numbers($0.grad) }
    result += net.namedBuffers().map { $0.buffer.cast(to: .float64).array(of: Double.self) }
    result.append(numbers(Tensor.rand([3], dtype: .float64)))
    result.append(numbers(net.blocks[0].ownDropout(Tensor.ones([8], dtype: .float64))))
    return result
  }

  @Test func bitsBuffersAndStreamsAreThoseWithout() throws {
    #expect(try trace(recomputing: true) == trace(recomputing: false))
  }

  @Test func bodiesRunAgainOnlyWhereGradientsAreTaken() throws {
    let w = Tensor([2.0, 3], requiresGrad: true)
    var (first, again) = (0, 0)
    func result() -> Tensor {
      recomputed {
        if isRecomputing { again += 1 } else { first += 1 }
        return w.exp()
      }
    }
    _ = noGrad { result() }
    #expect(first == 1 && !isRecomputing)
    let y = result()
    #expect(y.gradientFunction?.name == "CheckpointBackward" && first == 2 && again == 0)
    try y.sum().backward()
    #expect(again == 1 && w.grad?.array(of: Float.self) == w.exp().array(of: Float.self))
    let constant = recomputed { Tensor([1.0]) }
    #expect(!constant.requiresGrad)
  }

  @Test func onesWithinOthers() throws {
    let w = Tensor([0.5, -1], dtype: .float64, requiresGrad: true)
    func draw(_ nested: Bool) throws -> [Double]? {
      manualSeed(5)
      w.grad = nil
      let inner = { (w * Tensor.rand([2], dtype: .float64)).sin() }
      let y = recomputed { ((nested ? recomputed(inner) : inner()) * Tensor.rand([2], dtype: .float64)).exp() }
      try y.sum().backward()
      return numbers(w.grad)
    }
    #expect(try draw(true) == draw(false))
  }

  @Test func severalPassesAndHigherDerivatives() throws {
    let w = Tensor([0.5, -1], dtype: .float64, requiresGrad: true)
    let y = recomputed { w.exp() * w }.sum()
    try y.backward(retainGraph: true)
    let once = try #require(numbers(w.grad))
    try y.backward()
    let plain = w.detached()
    plain.requiresGrad = true
    for _ in 0..<2 { try (plain.exp() * plain).sum().backward() }
    #expect(numbers(w.grad) == numbers(plain.grad) && once != numbers(w.grad))
    #expect(throws: AutogradError.self) { try y.backward() }
    let inputs = [Tensor([0.3, 0.7], dtype: .float64), Tensor([1.5, -2], dtype: .float64)]
    try checkGradients(of: { values in recomputed { (values[0] * values[1]).sin() * values[0] } }, at: inputs)
    try checkSecondGradients(of: { values in recomputed { (values[0] * values[1]).sin() * values[0] } }, at: inputs)
  }

  @Test func otherWeights() throws {
    let layer = Linear(4, 2, dtype: .float64)
    let scale = Tensor([2.0], dtype: .float64, requiresGrad: true)
    func slopes(recomputing: Bool, asksWithin: Bool) throws -> [[Double]?] {
      let weights = ["weight": layer.weight * scale]
      func ask(_ output: Tensor) throws -> [[Double]?] {
        try gradients(of: output.sum(), withRespectTo: [scale, layer.weight]).map(numbers)
      }
      func output() -> Tensor {
        let body = { [self] in layer(x).tanh() }
        return recomputing ? recomputed(body) : body()
      }
      return try asksWithin
        ? layer.withWeights(weights) { try ask(output()) } : ask(layer.withWeights(weights) { output() })
    }
    for asksWithin in [false, true] {
      let expected = try slopes(recomputing: false, asksWithin: asksWithin)
      #expect(try slopes(recomputing: true, asksWithin: asksWithin) == expected)
    }
  }

  @Test func onlyWhatIsAskedFor() throws {
    let (a, b) = (Tensor([2.0], requiresGrad: true), Tensor([3.0], requiresGrad: true))
    let h = a * 2
    let y = recomputed { h * b * h }
    let slopes = try gradients(of: y, withRespectTo: [h])
    #expect(slopes[0].item() == 24 && a.grad == nil && b.grad == nil)
    // What is given back unchanged.
    try recomputed { a }.backward()
    #expect(a.grad?.item() == 1)
  }

  @Test func whatWasChangedSinceIsRefused() throws {
    let w = Tensor([2.0], requiresGrad: true)
    let y = recomputed { (w * w).exp() }
    try noGrad { try w *= 2 }
    #expect(throws: AutogradError.changedInPlace(operation: "CheckpointBackward")) { try y.backward() }
  }

  /// One iteration a call; a second call would leave other vectors for the first to be computed anew with.
  @Test func spectralNormsAndDraws() throws {
    func trace(recomputing: Bool) throws -> [[Double]?] {
      manualSeed(4)
      let layer = SpectralNorm(Linear(4, 4, dtype: .float64))
      let body = { layer(x) * (x * x).poissonDraws() * Tensor.exponential([4], dtype: .float64) }
      try (recomputing ? recomputed(body) : body()).sum().backward()
      return [numbers(layer.leftVector), numbers(layer.parameters[1].grad), numbers(Tensor.rand([3], dtype: .float64))]
    }
    #expect(try trace(recomputing: true) == trace(recomputing: false))
    let layer = SpectralNorm(Linear(4, 4, dtype: .float64))
    let loss = recomputed { layer(recomputed { layer(x) }) }.sum()
    #expect(throws: AutogradError.changedInPlace(operation: "CheckpointBackward")) { try loss.backward() }
  }

  private struct Refusal: Error {}

  @Test func bodiesThatDoOtherwise() throws {
    let (w, other) = (Tensor([2.0], requiresGrad: true), Tensor([2.0], requiresGrad: true))
    let shapes = recomputed { isRecomputing ? Tensor.concatenated([w, w]) : w * 1 }
    #expect(throws: AutogradError.recomputedOtherwise(found: "[2] of float32", expected: "[1] of float32")) {
      try shapes.backward()
    }
    let tensors = recomputed { isRecomputing ? w * other : w * 1 }
    #expect(throws: AutogradError.recomputedOtherwise(found: "a use of another tensor", expected: "the same tensors")) {
      try tensors.backward()
    }
    let none = recomputed { isRecomputing ? Tensor([1.0]) : w * 1 }
    #expect(throws: AutogradError.self) { try none.backward() }
    let failing = try recomputed {
      if isRecomputing { throw Refusal() }
      return w * 1
    }
    #expect(throws: Refusal.self) { try failing.backward() }
    #expect(throws: Refusal.self) { try recomputed { throw Refusal() } }
    #expect(w.grad == nil && other.grad == nil && !isRecomputing)
    // A pass that failed leaves nothing behind.
    try (w * 3).backward()
    #expect(w.grad?.item() == 3)
    let message = "\(AutogradError.recomputedOtherwise(found: "[2] of float32", expected: "[1] of float32"))"
    #expect(message.contains("gave [2] of float32 in the backward pass, expected [1] of float32"))
  }
}
