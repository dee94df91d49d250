import Autograd
import Testing

/// Losses against values that PyTorch 2.15 gives in double precision, within 1e-12.
@Suite struct LossTests {
  private let scores = [[0.5, -1.25, 2], [1.5, 0.25, -0.75], [-2, 3, 0.5], [1, 1, -1]]
  private let targets = Tensor([2, 0, -100, 1])
  private let weight = Tensor([1, 0.5, 2], dtype: .float64)

  private func logits() -> Tensor { Tensor(scores, dtype: .float64, requiresGrad: true) }

  private func close(_ tensor: Tensor?, _ expected: [Double]) -> Bool {
    guard let found = tensor?.array(of: Double.self), found.count == expected.count else { return false }
    return zip(found, expected).allSatisfy { abs($0 - $1) <= 1e-12 * max(1, abs($1)) }
  }

  @Test func crossEntropyWithClassWeights() throws {
    let x = logits()
    let loss = crossEntropy(x, targets, weight: weight)
    #expect(close(loss, [0.3357795467002989]))
    try loss.backward()
    #expect(
      close(
        x.grad,
        [
          0.10104010406139674, 0.017558137329392248, -0.11859824139078898, -0.08044561681398145, 0.0588104582850433,
          0.021635158528938145, 0, 0, 0, 0.06690150440478303, -0.07595563845235982, 0.009054134047576804,
        ]))
    #expect(close(crossEntropy(x, targets, weight: weight, reduction: .sum), [1.1752284134510462]))
    #expect(
      close(
        crossEntropy(x, targets, weight: weight, reduction: .none),
        [0.46524396620406533, 0.3306726094072241, 0, 0.37931183783975675]))
  }

  @Test func crossEntropyWithClassWeightsAndSmoothing() throws {
    let x = logits()
    let loss = crossEntropy(x, targets, weight: weight, labelSmoothing: 0.25)
    #expect(close(loss, [0.6536611823742884]))
    try loss.backward()
    #expect(
      close(
        x.grad,
        [
          0.0667055694121441, 0.0038244027861519827, -0.0705299721982961, -0.024273707990754477, 0.0493561321421582,
          -0.025082424151403715, 0, 0, 0, 0.06539248206352022, -0.029845613174575014, -0.03554686888894521,
        ]))
    #expect(
      close(
        crossEntropy(x, targets, weight: weight, reduction: .none, labelSmoothing: 0.25),
        [0.6771977197244752, 0.7715339681325251, 0, 0.839082450453009]))
  }

  @Test func weightsOfOneChangeNothing() {
    let ones = Tensor.ones([3], dtype: .float64)
    for smoothing in [0, 0.3] {
      let plain = crossEntropy(logits(), targets, labelSmoothing: smoothing)
      #expect(close(crossEntropy(logits(), targets, weight: ones, labelSmoothing: smoothing), [plain.item()]))
    }
  }

  /// Single precision is as exact for large logits as for small ones of the same distances.
  @Test(arguments: [0, 0.1], [0, 1e4, 1e7]) func crossEntropyOfLargeLogits(smoothing: Double, offset: Double) throws {
    func results(_ dtype: DataType, _ offset: Double) throws -> [Double] {
      let x = (Tensor([[1, 2, 4, 2], [-3, 0, 8, 1], [5, 5, 5, 5]], dtype: .float64) + offset).cast(to: dtype).detached()
      x.requiresGrad = true
      let losses = crossEntropy(x, Tensor([2, 0, 1]), reduction: .none, labelSmoothing: smoothing)
      try losses.sum().backward()
      return losses.array(of: Double.self) + (x.grad?.array(of: Double.self) ?? [])
    }
    let expected = try results(.float64, 0)
    for (found, expected) in zip(try results(.float32, offset), expected) {
      #expect(abs(found - expected) <= 4e-7 * max(1, abs(expected)))
    }
  }

  /// Rows that fill vectors, that do not, and whose sums are made in several parts.
  @Test(arguments: [1, 2, 15, 16, 17, 21, 32, 100, 2500], [0, 0.1]) func crossEntropyOfSomeClasses(
    classes: Int, smoothing: Double
  ) throws {
    let generator = RandomGenerator(seed: 8)
    let logits = Tensor.randn([5, classes], standardDeviation: 3, generator: generator)
    let targets = Tensor.randint(0..<classes, [5], generator: generator)
    func results(_ dtype: DataType) throws -> [Double] {
      let x = logits.detached().cast(to: dtype)
      x.requiresGrad = true
      let losses = crossEntropy(x, targets, reduction: .none, labelSmoothing: smoothing)
      try losses.sum().backward()
      return losses.array() + (try #require(x.grad)).array()
    }
    for (a, b) in zip(try results(.float32), try results(.float64)) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func equalLogitsThatAreTheLargestNumbersShareTheirProbability() throws {
    let x = Tensor([[1e38, 1e38]], requiresGrad: true)
    try crossEntropy(x, Tensor([0])).backward()
    #expect(x.grad?.array(of: Float.self) == [-0.5, 0.5])
  }

  @Test func negativeLogLikelihoodWithClassWeights() {
    let x = logits().logSoftmax(1)
    #expect(close(negativeLogLikelihood(x, targets, weight: weight), [0.3357795467002989]))
    #expect(
      close(
        negativeLogLikelihood(x, targets, weight: weight, reduction: .none),
        [0.46524396620406533, 0.3306726094072241, 0, 0.37931183783975675]))
  }

  @Test func anIgnoredRowMayHoldAnything() throws {
    let x = Tensor([[0.5, 1], [-.infinity, .nan]], dtype: .float64, requiresGrad: true)
    let loss = negativeLogLikelihood(x, Tensor([1, 7]), ignoringTarget: 7)
    #expect(loss.item() == -1)
    try loss.backward()
    #expect(x.grad?.array(of: Double.self) == [0, -1, 0, 0])
    let logits = Tensor([[0.5, 0.5], [.infinity, .nan]], dtype: .float64, requiresGrad: true)
    let entropy = crossEntropy(logits, Tensor([1, -100]))
    try entropy.backward()
    #expect(close(entropy, [0.6931471805599453]) && close(logits.grad, [0.5, -0.5, 0, 0]))
  }

  @Test(
    arguments: [
      (0.5, [0.0625, 2, 2.25, 0.0625], [0.5, -1, 1, 0.5]), (1, [0.03125, 1.75, 2, 0.03125], [0.25, -1, 1, 0.25]),
      (0, [0.25, 2.25, 2.5, 0.25], [1, -1, 1, 1]),
    ] as [(Double, [Double], [Double])])
  func smoothL1(beta: Double, losses: [Double], slopes: [Double]) throws {
    let x = Tensor([0.5, -1.25, 3, 0.25], dtype: .float64, requiresGrad: true)
    let target = Tensor([0.25, 1, 0.5, 0], dtype: .float64, requiresGrad: true)
    let found = smoothL1Loss(x, target, reduction: .none, beta: beta)
    try found.sum().backward()
    #expect(close(found, losses) && close(x.grad, slopes) && close(target.grad, slopes.map { -$0 }))
  }

  @Test(
    arguments: [
      (0.7, [1.855, 0.125, 0.02, 1.085, 3.255], [-0.7, -0.5, 0.2, 0.7, 0.7]),
      (2, [4, 0.125, 0.02, 1.805, 8], [-2, -0.5, 0.2, 1.9, 2]),
    ] as [(Double, [Double], [Double])])
  func huber(delta: Double, losses: [Double], slopes: [Double]) throws {
    let x = Tensor([-3, -0.5, 0.2, 1.9, 5], dtype: .float64, requiresGrad: true)
    let found = huberLoss(x, .zeros([5], dtype: .float64), reduction: .none, delta: delta)
    try found.sum().backward()
    #expect(close(found, losses) && close(x.grad, slopes))
    #expect(huberLoss(x, .zeros([5], dtype: .float64)).gradientFunction?.name == "HuberLossBackward0")
  }

  @Test func divergence() throws {
    let x = Tensor([[0.2, 0.5, 0.3], [0.1, 0.6, 0.3]], dtype: .float64).log().detached()
    x.requiresGrad = true
    let targets = Tensor([[0, 0.25, 0.75], [0.5, 0.25, 0.25]], dtype: .float64)
    let losses = [
      0, -0.17328679513998632, 0.6872180489056164, 0.80471895621705, -0.21886718433847496, -0.04558038919848861,
    ]
    #expect(close(klDivergence(x, targets, reduction: .none), losses))
    #expect(close(klDivergence(x, targets, reduction: .sum), [1.0542026364457167]))
    let mean = klDivergence(x, targets)
    #expect(close(mean, [0.17570043940761945]) && mean.gradientFunction?.name == "MeanBackward0")
    try mean.backward()
    #expect(close(x.grad, [0, -0.25, -0.75, -0.5, -0.25, -0.25].map { $0 / 6 }))
    let logTargets = Tensor([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], dtype: .float64).log()
    #expect(close(klDivergence(x, logTargets, reduction: .sum, logTargets: true), [0.8808070205203034]))
    // Single precision has a 0 whose logarithm is none.
    #expect(klDivergence(Tensor([0.0, -1]), Tensor([0.0, 1]), reduction: .sum).item() == 1)
  }

  @Test func binaryCrossEntropyOfLogits() throws {
    let x = Tensor([0.5, -1.25, 3, 0.25], dtype: .float64, requiresGrad: true)
    let target = Tensor([0.25, 1, 0.5, 0], dtype: .float64, requiresGrad: true)
    let plain = binaryCrossEntropyWithLogits(x, target, reduction: .none)
    #expect(close(plain, [0.8490769841801067, 1.501929081345373, 1.548587351573742, 0.8259394198788436]))
    try plain.sum().backward()
    #expect(close(x.grad, [0.3724593312018546, -0.7772998611746912, 0.45257412682243336, 0.5621765008857981]))
    #expect(close(target.grad, [-0.5, 1.25, -3, -0.25]))
    (x.grad, target.grad) = (nil, nil)
    let weighted = binaryCrossEntropyWithLogits(
      x, target, reduction: .none, positiveWeight: Tensor([2, 0.5, 1, 3], dtype: .float64))
    #expect(close(weighted, [0.9675962302251333, 0.7509645406726865, 1.548587351573742, 0.8259394198788436]))
    try weighted.sum().backward()
    #expect(close(x.grad, [0.2780741640023182, -0.3886499305873456, 0.45257412682243336, 0.5621765008857981]))
    #expect(close(target.grad, [-0.025923015819893314, 0.4990354593273136, -3, 0.901878839757687]))
  }

  @Test func reductions() {
    let (x, target) = (Tensor([1.0, 2, 4]), Tensor([0.0, 4, 4]))
    #expect(l1Loss(x, target, reduction: .none).array(of: Float.self) == [1, 2, 0])
    #expect(l1Loss(x, target, reduction: .sum).item() == 3 && l1Loss(x, target).item() == 1)
    #expect(meanSquaredError(x, target, reduction: .sum).item() == 5)
  }

  @Test func noRowsNeedNoClass() throws {
    let logits = Tensor.zeros([0, 0])
    logits.requiresGrad = true
    let targets = Tensor([Int64](), shape: [0])
    let loss = crossEntropy(logits, targets, reduction: .sum)
    try loss.backward()
    #expect(loss.item() == 0 && logits.grad?.shape == [0, 0])
    #expect(crossEntropy(logits, targets).item().isNaN)
    let weighted = crossEntropy(logits, targets, weight: Tensor.zeros([0]), reduction: .sum, labelSmoothing: 0.1)
    try weighted.backward()
    #expect(weighted.item() == 0)
  }
}
