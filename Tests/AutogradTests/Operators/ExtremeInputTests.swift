import Autograd
import Foundation
import Testing

/// Infinities, NaN, large logits and empty tensors give what PyTorch 2.15 gives (the expected values are its).
@Suite struct ExtremeInputTests {
  private static let inf = Float.infinity
  private static let nan = Float.nan

  /// Whether elements agree, NaN with NaN, up to a few roundings and the smallest numbers.
  private func same(_ tensor: Tensor?, _ expected: [Float]) -> Bool {
    guard let found = tensor?.array(of: Float.self), found.count == expected.count else { return false }
    return zip(found, expected).allSatisfy {
      $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) <= max(4e-7 * abs($1), .leastNormalMagnitude)
    }
  }

  private static let numbers: [Float] = [-1e4, -100, -20, 0, 20, 100, 1e4, inf, -inf, nan]

  @Test(arguments: [false, true]) func slopesOfWhatIsNoNumber(isRecorded: Bool) throws {
    for function in [{ $0.elu() }, { $0.selu() }, { $0.hardswish() }] as [(Tensor) -> Tensor] {
      let x = Tensor(Array(repeating: Self.nan, count: 20) + [4], requiresGrad: true)
      try function(x).sum().backward(createGraph: isRecorded)
      #expect(x.grad?.array(of: Float.self).prefix(20).allSatisfy { $0.isNaN } == true)
      #expect(x.grad?.array(of: Float.self).last.map { abs($0 - 1) < 0.06 } == true)
    }
  }

  /// In rows and columns of all lengths, with numbers that are there twice, zeros of both signs, infinities and NaN.
  @Test(arguments: [1, 2, 31, 32, 33, 64, 100], [1, 3, 255, 256, 300]) func placesOfTheLargest(
    _ reduced: Int, _ inner: Int
  ) {
    let generator = RandomGenerator(seed: UInt64(reduced * 1000 + inner))
    let choices: [Float] = [-Self.inf, -1, -0.0, 0, 1, 1, reduced % 2 == 0 ? Self.nan : 2, 3]
    let x = (0..<2 * reduced * inner).map { _ in choices[Int(generator.random64() % 8)] }
    let (values, places) = Tensor(x, shape: [2, reduced, inner]).maximum(along: 1)
    var expected: [Int] = []
    for column in 0..<2 * inner {
      let start = column / inner * reduced * inner + column % inner
      let elements = (0..<reduced).map { x[start + $0 * inner] }
      let place = elements.firstIndex(where: \.isNaN) ?? elements.firstIndex(of: elements.max() ?? 0)
      expected.append(place ?? -1)
    }
    #expect(places.array(of: Int.self) == expected)
    let chosen = expected.enumerated().map { x[$0 / inner * reduced * inner + $0 % inner + $1 * inner] }
    #expect(values.array(of: Float.self).map(\.bitPattern) == chosen.map(\.bitPattern))
  }

  struct Function: Sendable {
    let name: String
    let apply: @Sendable (Tensor) -> Tensor
    let values: [Float]
    let slopes: [Float]
  }

  static let functions: [Function] = [
    Function(
      name: "exp", apply: { $0.exp() },
      values: [0, 0, 2.06115369216775e-09, 1, 485_165_184, inf, inf, inf, 0, nan],
      slopes: [0, 0, 2.06115369216775e-09, 1, 485_165_184, inf, inf, inf, 0, nan]),
    Function(
      name: "log", apply: { $0.log() },
      values: [nan, nan, nan, -inf, 2.995732307434082, 4.605170249938965, 9.21034049987793, inf, nan, nan],
      slopes: [-1e-4, -0.01, -0.05, inf, 0.05, 0.01, 1e-4, 0, 0, nan]),
    Function(
      name: "sqrt", apply: { $0.sqrt() },
      values: [nan, nan, nan, 0, 4.4721360206604, 10, 100, inf, nan, nan],
      slopes: [nan, nan, nan, inf, 0.11180339753627777, 0.05, 0.005, 0, nan, nan]),
    Function(
      name: "abs", apply: { $0.abs() }, values: [1e4, 100, 20, 0, 20, 100, 1e4, inf, inf, nan],
      slopes: [-1, -1, -1, 0, 1, 1, 1, 1, -1, 0]),
    Function(
      name: "tanh", apply: { $0.tanh() }, values: [-1, -1, -1, 0, 1, 1, 1, 1, -1, nan],
      slopes: [0, 0, 0, 1, 0, 0, 0, 0, 0, nan]),
    Function(
      name: "sigmoid", apply: { $0.sigmoid() },
      values: [0, 0, 2.06115369216775e-09, 0.5, 1, 1, 1, 1, 0, nan],
      slopes: [0, 0, 2.06115369216775e-09, 0.25, 0, 0, 0, 0, 0, nan]),
    Function(
      name: "relu", apply: { $0.relu() }, values: [0, 0, 0, 0, 20, 100, 1e4, inf, 0, nan],
      slopes: [0, 0, 0, 0, 1, 1, 1, 1, 0, 1]),
    Function(
      name: "leaky relu", apply: { $0.leakyReLU() },
      values: [-100, -1, -0.2, 0, 20, 100, 1e4, inf, -inf, nan],
      slopes: [0.01, 0.01, 0.01, 0.01, 1, 1, 1, 1, 0.01, 0.01]),
    Function(
      name: "softplus", apply: { $0.softplus() },
      values: [0, 0, 2.06115369216775e-09, 0.6931471824645996, 20, 100, 1e4, inf, 0, nan],
      slopes: [0, 0, 2.06115369216775e-09, 0.5, 1, 1, 1, 1, 0, nan]),
    Function(
      name: "log sigmoid", apply: { $0.logSigmoid() },
      values: [-1e4, -100, -20, -0.6931471824645996, -2.06115369216775e-09, 0, 0, 0, -inf, nan],
      slopes: [1, 1, 1, 0.5, 2.06115369216775e-09, 0, 0, 0, 1, nan]),
    Function(
      name: "clamp", apply: { $0.clamped(min: -20, max: 100) },
      values: [-20, -20, -20, 0, 20, 100, 100, 100, -20, nan], slopes: [0, 0, 0, 1, 1, 0, 0, 0, 0, 0]),
    Function(
      name: "clamp from below", apply: { $0.clamped(min: -20) },
      values: [-20, -20, -20, 0, 20, 100, 1e4, inf, -20, nan], slopes: [0, 0, 0, 1, 1, 1, 1, 1, 0, 0]),
    Function(
      name: "clamp from above", apply: { $0.clamped(max: 100) },
      values: [-1e4, -100, -20, 0, 20, 100, 100, 100, -inf, nan], slopes: [1, 1, 1, 1, 1, 0, 0, 0, 1, 0]),
  ]

  @Test(arguments: functions.indices)
  func function(index: Int) throws {
    let function = Self.functions[index]
    let x = Tensor(Self.numbers, requiresGrad: true)
    let y = function.apply(x)
    try y.sum().backward()
    #expect(same(y, function.values), "\(function.name): \(y.array(of: Float.self))")
    #expect(same(x.grad, function.slopes), "slope of \(function.name): \(x.grad?.array(of: Float.self) ?? [])")
  }

  @Test func pairsWithNaN() throws {
    let numbers: [(a: Float, b: Float)] = [
      (1, 2), (2, 2), (3, 1), (Self.nan, 1), (1, Self.nan), (Self.nan, Self.nan), (Self.inf, Self.inf),
    ]
    func slopes(_ operation: (Tensor, Tensor) -> Tensor, _ upstream: Float) throws -> (a: Tensor?, b: Tensor?) {
      let a = Tensor(numbers.map { $0.a }, requiresGrad: true), b = Tensor(numbers.map { $0.b }, requiresGrad: true)
      try operation(a, b).backward(gradient: Tensor(Array(repeating: upstream, count: numbers.count)))
      return (a.grad, b.grad)
    }
    let largest = try slopes({ $0.maximum($1) }, 1), smallest = try slopes({ $0.minimum($1) }, 1)
    #expect(same(largest.a, [0, 0.5, 1, 1, 1, 1, 0.5]) && same(largest.b, [1, 0.5, 0, 1, 1, 1, 0.5]))
    #expect(same(smallest.a, [1, 0.5, 0, 1, 1, 1, 0.5]) && same(smallest.b, [0, 0.5, 1, 1, 1, 1, 0.5]))
    let infinite = try slopes({ $0.maximum($1) }, Self.inf)
    #expect(same(infinite.a, [0] + Array(repeating: Self.inf, count: 6)))
    #expect(same(infinite.b, [Self.inf, Self.inf, 0] + Array(repeating: Self.inf, count: 4)))
  }

  /// What is masked gets 0, also of an infinite gradient.
  @Test func infiniteGradients() throws {
    let clamped = Tensor([-1, 0, 0.5, 1, 2] as [Float], requiresGrad: true)
    try clamped.clamped(min: 0, max: 1).backward(gradient: .full([5], .infinity))
    #expect(same(clamped.grad, [0, 0, Self.inf, 0, 0]))
    let x = Tensor([-1, 0, 1, Self.nan], requiresGrad: true)
    let upstream = Tensor.full([4], .infinity)
    for graph in [false, true] {
      let slopes = try gradients(
        of: x.relu(), withRespectTo: [x], gradient: upstream, createGraph: graph)[0]
      #expect(same(slopes, [0, 0, Self.inf, Self.inf]))
    }
    let image = Tensor([[[[-1, -2, 3, 0], [-1, -2, 1, 2]]]] as [[[[Float]]]], requiresGrad: true)
    let pooled = image.pooledConv2d(.ones([1, 1, 1, 1]))
    let slopes = try gradients(
      of: pooled, withRespectTo: [image], gradient: .full([1, 1, 1, 2], .infinity), createGraph: true)[0]
    #expect(same(slopes, [0, 0, Self.inf, 0, 0, 0, 0, 0]))
  }

  @Test func powersOfZero() throws {
    let x = Tensor([0, 0, 0, 0, 0] as [Float], requiresGrad: true)
    let y = Tensor([0, -1, 2, 0.5, 1] as [Float], requiresGrad: true)
    let powers = x ** y
    #expect(same(powers, [1, Self.inf, 0, 0, 0]))
    try powers.sum().backward()
    #expect(same(x.grad, [0, -Self.inf, 0, Self.inf, 1]))
    #expect(same(y.grad, [0, -Self.inf, 0, 0, 0]))
  }

  @Test func attentionOfARowThatSeesNothing() throws {
    let q = Tensor([[1.0, 2], [3, 4]], requiresGrad: true)
    let k = Tensor([[1.0, 0], [0, 1], [1, 1]], requiresGrad: true)
    let v = Tensor([[1.0, 2], [3, 4], [5, 6]], requiresGrad: true)
    let mask = Tensor([[0, -Self.inf, 0.5], [-Self.inf, -Self.inf, -Self.inf]], requiresGrad: true)
    let y = scaledDotProductAttention(q, k, v, mask: mask)
    func close(_ tensor: Tensor?, _ expected: [Float]) -> Bool {
      zip(tensor?.array(of: Float.self) ?? [], expected).allSatisfy { abs($0 - $1) <= 2e-6 }
    }
    #expect(close(y, [4.48596715927124, 5.485966682434082, 0, 0]))
    try y.sum().backward()
    #expect(close(q.grad, [0, 0.6335328817367554, 0, 0]))
    #expect(
      close(k.grad, [-0.6335328817367554, -1.2670657634735107, 0, 0, 0.6335328817367554, 1.2670657634735107]))
    #expect(close(v.grad, [0.12850821018218994, 0.12850821018218994, 0, 0, 0.8714917898178101, 0.8714917898178101]))
    #expect(close(mask.grad, [-0.8959507942199707, 0, 0.8959507942199707, 0, 0, 0]))
  }

  /// Rows of large, infinite and undefined logits.
  private static let logits: [[Float]] = [
    [1e4, -1e4, 0], [inf, 0, 0], [-inf, -inf, -inf], [-inf, 0, 1], [nan, 0, 0],
  ]

  @Test func crossEntropyOfLargeLogits() throws {
    let expected: [(losses: [Float], slopes: [[Float]])] = [
      ([0, Self.nan, Self.nan, Self.inf, Self.nan], [[0, 0, 0], [-1, 0.2689414322376251, 0.7310585975646973]]),
      (
        [2e4, Self.nan, Self.nan, 1.31326162815094, Self.nan],
        [[1, -1, 0], [0, -0.7310585975646973, 0.7310585975646973]]
      ),
      (
        [1e4, Self.nan, Self.nan, 0.31326165795326233, Self.nan], [[1, 0, -1], [0, 0.2689414322376251, -0.26894143]]
      ),
    ]
    for (target, expected) in expected.enumerated() {
      let x = Tensor(Self.logits, requiresGrad: true)
      let losses = crossEntropy(x, Tensor(Array(repeating: target, count: 5)), reduction: .none)
      #expect(same(losses, expected.losses), "\(target): \(losses.array(of: Float.self))")
      try losses.sum().backward()
      let slopes = try #require(x.grad)
      #expect(same(slopes[0], expected.slopes[0]) && same(slopes[3], expected.slopes[1]))
      for row in [1, 2, 4] { #expect(same(slopes[row], [Self.nan, Self.nan, Self.nan])) }
    }
  }

  /// Rows that are computed 16 elements at a time, and what is left over.
  @Test(arguments: [16, 19, 32, 45])
  func `softmax of long rows of logits far apart`(count: Int) throws {
    // The least are exponentials too small for a number, and before them those of subnormal ones.
    let logits = (0..<count).map { Float(-4 * ($0 * 7 % count)) }
    let sum = logits.reduce(0) { $0 + exp(Double($1)) }
    for (found, logit) in zip(Tensor(logits).softmax(0).array(of: Double.self), logits) {
      let exact = exp(Double(logit)) / sum
      #expect(abs(found - exact) <= max(1e-6 * exact, 3e-45), "\(logit)")
    }
    for place in [0, 3, 15, count - 1] {
      var row = logits
      row[place] = -.infinity
      #expect(Tensor(row).softmax(0).array(of: Float.self)[place] == 0)
      for value in [Float.infinity, .nan] {
        row[place] = value
        #expect(Tensor(row).softmax(0).array(of: Float.self).allSatisfy { $0.isNaN })
      }
    }
    #expect(
      Tensor([Float](repeating: -.infinity, count: count)).softmax(0).array(of: Float.self).allSatisfy { $0.isNaN })
  }

  @Test func softmaxFamilyOfLargeLogits() throws {
    let x = Tensor(Self.logits, requiresGrad: true)
    let undefined = [Self.nan, Self.nan, Self.nan]
    let softmax = x.softmax(1)
    #expect(same(softmax[0], [1, 0, 0]) && same(softmax[3], [0, 0.2689414322376251, 0.7310585975646973]))
    for row in [1, 2, 4] { #expect(same(softmax[row], undefined)) }
    let logSoftmax = x.logSoftmax(1)
    #expect(same(logSoftmax[0], [0, -2e4, -1e4]))
    #expect(same(logSoftmax[3], [-Self.inf, -1.31326162815094, -0.31326165795326233]))
    for row in [1, 2, 4] { #expect(same(logSoftmax[row], undefined)) }
    let logSumExp = x.logSumExp(1)
    #expect(same(logSumExp, [1e4, Self.inf, -Self.inf, 1.31326162815094, Self.nan]))
    try logSumExp.sum().backward()
    let slopes = try #require(x.grad)
    #expect(same(slopes[0], [1, 0, 0]) && same(slopes[1], [Self.nan, 0, 0]) && same(slopes[2], undefined))
    #expect(same(slopes[3], [0, 0.2689414322376251, 0.7310585975646973]) && same(slopes[4], undefined))
  }

  @Test func binaryCrossEntropyAtTheEnds() throws {
    let p = Tensor([0, 1, 0.5, 1e-30] as [Float], requiresGrad: true)
    let t = Tensor([0, 0, 0.25, 1] as [Float], requiresGrad: true)
    let losses = binaryCrossEntropy(p, t, reduction: .none)
    #expect(same(losses, [0, 100, 0.6931471824645996, 69.07755279541016]))
    try losses.sum().backward()
    #expect(same(p.grad, [0, 1e12, 1, -1e12]))
    #expect(same(t.grad, [Self.inf, -Self.inf, 0, 69.07755279541016]))
  }

  @Test(
    arguments: [
      (0, [1e4, 0, inf, nan, nan, 0.6931471824645996], [1, 0, 1, 0, nan, 0.5]),
      (1, [0, 1e4, nan, nan, nan, 0.6931471824645996], [0, -1, 0, -1, nan, -0.5]),
      (0.25, [7500, 2500, inf, nan, nan, 0.6931471824645996], [0.75, -0.25, 0.75, -0.25, nan, 0.25]),
    ] as [(Double, [Float], [Float])])
  func binaryCrossEntropyOfLargeLogits(target: Double, losses: [Float], slopes: [Float]) throws {
    let x = Tensor([1e4, -1e4, Self.inf, -Self.inf, Self.nan, 0], requiresGrad: true)
    let found = binaryCrossEntropyWithLogits(x, .full([6], target), reduction: .none)
    #expect(same(found, losses), "\(found.array(of: Float.self))")
    try found.sum().backward()
    #expect(same(x.grad, slopes), "\(x.grad?.array(of: Float.self) ?? [])")
  }

  @Test func smoothL1OfLargeDifferences() throws {
    let x = Tensor([0, 1, -1, Self.inf, Self.nan, 0.5, 1e4], requiresGrad: true)
    let losses = smoothL1Loss(x, .zeros([7]), reduction: .none)
    #expect(same(losses, [0, 0.5, 0.5, Self.inf, Self.nan, 0.125, 9999.5]))
    try losses.sum().backward()
    #expect(same(x.grad?[..<4], [0, 1, -1, 1]) && same(x.grad?[5...], [0.5, 1]))
  }

  @Test func extremaOfNaN() throws {
    let x = Tensor([[Self.nan, 0, -1], [2, Self.nan, Self.nan], [1, 2, 2]], requiresGrad: true)
    let (largest, smallest) = (x.maximum(along: 1), x.minimum(along: 1))
    #expect(same(largest.values, [Self.nan, Self.nan, 2]) && largest.indices.array(of: Int.self) == [0, 1, 1])
    #expect(same(smallest.values, [Self.nan, Self.nan, 1]) && smallest.indices.array(of: Int.self) == [0, 1, 0])
    try largest.values.sum().backward()
    #expect(same(x.grad, [1, 0, 0, 0, 1, 0, 0, 1, 0]))
    #expect(same(x.sorted(along: 1).values[0], [-1, 0, Self.nan]))
    #expect(same(x.topK(2, along: 1).values[0], [Self.nan, 0]))
    let image = Tensor([[[[1, Self.nan, 3, 3], [2, 2, 3, 3]]]], requiresGrad: true)
    #expect(same(image.maxPool2d((2, 2)), [Self.nan, 3]))
  }
}
